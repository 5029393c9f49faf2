"""/v1/webhooks: a secret is shown once, messages lead to the open internet, and a test tells what was answered."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fakes.keys import headers_of
from fakes.ledger import World, small_spec
from fakes.scripted_service import Answer, ScriptedService, scripted_service

from service.operations.webhooks import MOST_WEBHOOKS
from service.schemas.keys import Scope
from service.webhooks.addresses import Addresses
from service.webhooks.postman import Postman
from service.webhooks.signatures import sign

Headers = dict[str, str]
URL = "https://hook.example/a"
DOCUMENT: dict[str, Any] = small_spec().model_dump(mode="json", exclude_defaults=True)


@pytest.fixture(autouse=True)
def rules(api: httpx.AsyncClient) -> None:
    """Every name is public, but inside.example, which is this machine."""

    async def resolve(host: str, _port: int) -> list[str]:
        return ["127.0.0.1" if host in ("inside.example", "127.0.0.1") else "93.184.215.14"]

    parts = api._transport.app.state.parts  # type: ignore[attr-defined]
    parts.postman = Postman(parts.vault, Addresses(False, False, resolve))


@pytest.fixture
def receiver(api: httpx.AsyncClient, rules: None) -> Iterator[ScriptedService]:
    """A receiver on this machine, which the settings allow."""
    parts = api._transport.app.state.parts  # type: ignore[attr-defined]
    parts.postman = Postman(parts.vault, Addresses(True, True))
    with scripted_service() as receiver:
        receiver.answers("POST", "/hook", Answer(status=204))
        yield receiver


async def make(api: httpx.AsyncClient, headers: Headers | None = None, **request: Any) -> httpx.Response:
    return await api.post("/v1/webhooks", json={"url": URL, **request}, headers=headers)


async def test_a_new_webhook_shows_its_secret_once(api: httpx.AsyncClient) -> None:
    answer = await make(api)
    made = answer.json()
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    assert (made["kinds"], made["is_enabled"], made["owner"]) == (["sweep.state"], True, "admin")
    assert made["secret"].startswith("whsec_")
    for path in ("/v1/webhooks", answer.headers["Location"], f"{answer.headers['Location']}/deliveries"):
        shown = await api.get(path)
        assert shown.status_code == 200
        assert "whsec_" not in shown.text
        assert made["secret"][6:] not in shown.text


@pytest.mark.parametrize(
    "url", ["http://hook.example/", "https://inside.example/", "https://127.0.0.1/", "https://a:b@hook.example/", "x"]
)
async def test_a_webhook_that_leads_elsewhere_is_refused_when_made_and_when_changed(
    api: httpx.AsyncClient, url: str
) -> None:
    place = (await make(api)).headers["Location"]
    for answer in (await make(api, url=url), await api.patch(place, json={"url": url})):
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
        assert answer.json()["errors"][0]["pointer"] == "/url"
        assert "accepted" in answer.json()["detail"]
    assert (await api.get(place)).json()["url"] == URL
    assert len((await api.get("/v1/webhooks")).json()["items"]) == 1


@pytest.mark.parametrize(
    ("request_body", "pointer"),
    [
        ({}, "/url"),
        ({"url": ""}, "/url"),
        ({"url": "https://hook.example/a b"}, "/url"),
        ({"url": URL, "kinds": []}, "/kinds"),
        ({"url": URL, "kinds": ["trial.step"]}, "/kinds/0"),
        ({"url": URL, "secret": "whsec_mine"}, "/secret"),
    ],
)
async def test_a_bad_request_is_told_with_its_place(
    api: httpx.AsyncClient, request_body: dict[str, Any], pointer: str
) -> None:
    answer = await api.post("/v1/webhooks", json=request_body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_the_same_idempotency_key_gives_the_same_webhook(api: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "once"}
    first, again = [await make(api, headers, kinds=["trial.lost", "sweep.state"]) for _ in range(2)]
    assert first.json() == again.json()
    assert (await make(api, headers)).json()["code"] == "idempotency_key_reused"
    assert len((await api.get("/v1/webhooks")).json()["items"]) == 1


async def test_a_webhook_is_changed_as_it_was_seen(api: httpx.AsyncClient) -> None:
    place = (await make(api)).headers["Location"]
    seen = (await api.get(place)).headers["ETag"]
    changed = await api.patch(place, json={"kinds": ["trial.ended"], "is_enabled": False}, headers={"If-Match": seen})
    assert (changed.json()["kinds"], changed.json()["is_enabled"], changed.json()["url"]) == (
        ["trial.ended"],
        False,
        URL,
    )
    for answer in (
        await api.patch(place, json={"is_enabled": True}, headers={"If-Match": seen}),
        await api.delete(place, headers={"If-Match": seen}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
    assert (await api.delete(place)).status_code == 204
    assert (await api.get(place)).status_code == 404


async def test_webhooks_of_others_are_404(api: httpx.AsyncClient, stranger: Headers) -> None:
    place = (await make(api)).headers["Location"]
    for answer in (
        await api.get(place, headers=stranger),
        await api.get(f"{place}/deliveries", headers=stranger),
        await api.patch(place, json={"is_enabled": False}, headers=stranger),
        await api.post(f"{place}/test", headers=stranger),
        await api.post(f"{place}/rotate-secret", headers=stranger),
        await api.delete(place, headers=stranger),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert (await api.get("/v1/webhooks", headers=stranger)).json()["items"] == []
    assert len((await api.get("/v1/webhooks", params={"owner": "*"})).json()["items"]) == 1


async def test_an_owner_has_a_bounded_number_of_webhooks(api: httpx.AsyncClient, stranger: Headers) -> None:
    for _ in range(MOST_WEBHOOKS):
        assert (await make(api)).status_code == 201
    answer = await make(api)
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_webhooks")
    assert (await make(api, stranger)).status_code == 201


async def test_a_test_message_is_signed_and_its_answer_told(
    api: httpx.AsyncClient, world: World, receiver: ScriptedService
) -> None:
    made = (await make(api, url=f"{receiver.url}/hook", is_enabled=False)).json()
    sent = (await api.post(f"/v1/webhooks/{made['id']}/test")).json()
    assert (sent["state"], sent["kind"], sent["last_status"], sent["attempts"]) == ("delivered", "webhook.test", 204, 1)
    (request,) = receiver.requests
    assert json.loads(request.body)["type"] == "webhook.test"
    stamp = int(world.clock().timestamp())
    assert request.headers["webhook-signature"] == sign(
        [made["secret"]], f"msg_{sent['id']}", stamp, request.body.encode()
    )


async def signatures(api: httpx.AsyncClient, receiver: ScriptedService, webhook_id: str) -> tuple[str, bytes, str]:
    """What the receiver of a test message got: its id, its body, its signatures."""
    await api.post(f"/v1/webhooks/{webhook_id}/test")
    request = receiver.requests[-1]
    return request.headers["webhook-id"], request.body.encode(), request.headers["webhook-signature"]


async def test_a_rotated_secret_signs_beside_the_new_one_until_the_grace_is_over(
    api: httpx.AsyncClient, world: World, receiver: ScriptedService
) -> None:
    made = (await make(api, url=f"{receiver.url}/hook")).json()
    place, secrets = f"/v1/webhooks/{made['id']}", [made["secret"]]
    for _ in range(2):
        rotated = await api.post(f"{place}/rotate-secret", json={"grace_seconds": 600})
        assert (rotated.status_code, rotated.headers["Cache-Control"]) == (200, "no-store")
        secrets.insert(0, rotated.json()["secret"])
        message_id, body, header = await signatures(api, receiver, made["id"])
        assert header == sign(secrets[:2], message_id, int(world.clock().timestamp()), body)
    assert len({*secrets}) == 3
    shown = await api.get(place)
    assert shown.headers["ETag"] == rotated.headers["ETag"] == '"3"'
    assert shown.json()["previous_secret_ends_at"] == rotated.json()["previous_secret_ends_at"]
    assert "whsec_" not in shown.text
    world.clock.turn(600)
    message_id, body, header = await signatures(api, receiver, made["id"])
    assert header == sign(secrets[:1], message_id, int(world.clock().timestamp()), body)


async def test_a_secret_that_leaked_signs_nothing_more(
    api: httpx.AsyncClient, world: World, receiver: ScriptedService
) -> None:
    made = (await make(api, url=f"{receiver.url}/hook")).json()
    rotated = await api.post(f"/v1/webhooks/{made['id']}/rotate-secret", json={"grace_seconds": 0})
    message_id, body, header = await signatures(api, receiver, made["id"])
    assert header == sign([rotated.json()["secret"]], message_id, int(world.clock().timestamp()), body)


async def test_a_repeated_rotation_rotates_once_and_only_what_was_seen(api: httpx.AsyncClient) -> None:
    place = f"{(await make(api)).headers['Location']}"
    headers = {"Idempotency-Key": "once", "If-Match": '"1"'}
    first, again = [await api.post(f"{place}/rotate-secret", headers=headers) for _ in range(2)]
    assert first.json() == again.json()
    late = await api.post(f"{place}/rotate-secret", headers={"If-Match": '"1"'})
    assert (late.status_code, late.json()["code"]) == (412, "precondition_failed")
    other = await api.post(f"{place}/rotate-secret", json={"grace_seconds": 1}, headers={"Idempotency-Key": "once"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_repeated_call_shows_its_own_secret_and_no_later_one(api: httpx.AsyncClient) -> None:
    made = await make(api, {"Idempotency-Key": "made"})
    path = f"{made.headers['Location']}/rotate-secret"
    rotated = await api.post(path, headers={"Idempotency-Key": "first"})
    again = await make(api, {"Idempotency-Key": "made"})
    assert (again.status_code, again.json()["id"], again.json()["secret"]) == (201, made.json()["id"], None)
    assert (await api.post(path, headers={"Idempotency-Key": "first"})).json() == rotated.json()
    await api.post(path, headers={"Idempotency-Key": "second"})
    assert (await api.post(path, headers={"Idempotency-Key": "first"})).json()["secret"] is None


async def test_a_test_that_fails_is_tried_once(api: httpx.AsyncClient, receiver: ScriptedService) -> None:
    receiver.answers("POST", "/hook", Answer(status=500))
    made = (await make(api, url=f"{receiver.url}/hook")).json()
    sent = (await api.post(f"/v1/webhooks/{made['id']}/test")).json()
    assert (sent["state"], sent["last_status"], sent["due_at"]) == ("given_up", 500, None)
    assert "the receiver answered 500" in sent["problem"]
    assert (await api.get(f"/v1/webhooks/{made['id']}/deliveries")).json()["items"] == [sent]


async def test_deliveries_are_paged_newest_first(api: httpx.AsyncClient, world: World) -> None:
    place = (await make(api)).headers["Location"]
    for _ in range(3):
        await api.post("/v1/sweeps", json=DOCUMENT)
        world.clock.turn(1)
    first = (await api.get(f"{place}/deliveries", params={"limit": 2})).json()
    rest = (await api.get(f"{place}/deliveries", params={"limit": 2, "cursor": first["next_cursor"]})).json()
    made = [item["created_at"] for item in first["items"] + rest["items"]]
    assert (len(made), made, rest["next_cursor"]) == (3, sorted(made, reverse=True), None)
    assert {item["state"] for item in first["items"]} == {"pending"}


async def test_a_reader_makes_no_webhook(api: httpx.AsyncClient, world: World) -> None:
    assert (await make(api, await headers_of(world, "somebody", Scope.READ))).status_code == 403
