"""/v1/keys: a key is shown once, nobody hands out more than they hold, and somebody can always administer."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fakes.keys import bearer, headers_of, key_id
from fakes.ledger import World

from service.schemas.keys import Scope
from service.vault import Vault

Headers = dict[str, str]


async def make(api: httpx.AsyncClient, headers: Headers | None = None, **request: Any) -> httpx.Response:
    return await api.post("/v1/keys", json={"name": "of a test", **request}, headers=headers)


async def works(api: httpx.AsyncClient, text: str) -> bool:
    return (await api.get("/v1/keys", headers=bearer(text))).status_code == 200


async def first_key(api: httpx.AsyncClient) -> str:
    """Id of the key that the client sends."""
    return key_id({"Authorization": api.headers["Authorization"]})


async def test_a_new_key_works_and_is_shown_once(api: httpx.AsyncClient) -> None:
    answer = await make(api, scopes=["read"])
    made = answer.json()
    assert (answer.status_code, answer.headers["Cache-Control"]) == (201, "no-store")
    assert (made["owner"], made["scopes"], made["expires_at"]) == ("admin", ["read"], None)
    assert await works(api, made["key"])
    secret = made["key"].rpartition("_")[2]
    for path in ("/v1/keys", answer.headers["Location"]):
        shown = await api.get(path)
        assert made["id"] in shown.text
        assert secret not in shown.text


async def test_an_admin_makes_a_key_for_somebody_else(api: httpx.AsyncClient) -> None:
    key = (await make(api, owner="colleague@lab.org", scopes=["write"])).json()["key"]
    mine = (await api.get("/v1/keys", headers=bearer(key))).json()["items"]
    assert [(one["owner"], one["scopes"]) for one in mine] == [("colleague@lab.org", ["write"])]
    assert len((await api.get("/v1/keys", params={"owner": "*"})).json()["items"]) == 2


async def test_nobody_makes_a_key_for_others_or_with_more_scopes(api: httpx.AsyncClient, stranger: Headers) -> None:
    for request in ({"owner": "admin"}, {"scopes": ["admin"]}, {"scopes": ["read", "admin"]}):
        answer = await make(api, stranger, **request)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert "scope admin" in answer.json()["detail"]
    assert (await make(api, stranger, owner="stranger", scopes=["write"])).status_code == 201


async def test_a_key_makes_none_that_outlives_it(api: httpx.AsyncClient, world: World) -> None:
    end = world.clock() + timedelta(days=1)
    headers = await headers_of(world, "somebody", Scope.WRITE, expires_at=end)
    for expires_at in (None, (end + timedelta(seconds=1)).isoformat()):
        answer = await make(api, headers, expires_at=expires_at)
        assert answer.json()["errors"][0]["pointer"] == "/expires_at"
        assert "your own key expires" in answer.json()["detail"]
        assert (
            await api.patch(f"/v1/keys/{key_id(headers)}", json={"expires_at": expires_at}, headers=headers)
        ).is_error
    assert (await make(api, headers, expires_at=end.isoformat())).status_code == 201


@pytest.mark.parametrize(
    ("request_body", "pointer"),
    [
        ({}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": "a\nb"}, "/name"),
        ({"name": "a", "scopes": []}, "/scopes"),
        ({"name": "a", "scopes": ["root"]}, "/scopes/0"),
        ({"name": "a", "owner": "*"}, "/owner"),
        ({"name": "a", "expires_at": "2025-12-31T00:00:00Z"}, "/expires_at"),
        ({"name": "a", "expires_at": "2027-01-01T00:00:00"}, "/expires_at"),
        ({"name": "a", "expires_at": "9999-12-31T23:59:59-12:00"}, "/expires_at"),
        ({"name": "a", "secret": "b"}, "/secret"),
    ],
)
async def test_a_bad_request_is_told_with_its_place(
    api: httpx.AsyncClient, request_body: dict[str, Any], pointer: str
) -> None:
    answer = await api.post("/v1/keys", json=request_body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert len((await api.get("/v1/keys")).json()["items"]) == 1


async def test_the_same_idempotency_key_gives_the_same_key(api: httpx.AsyncClient, world: World) -> None:
    headers = {"Idempotency-Key": "once"}
    first, again = [await make(api, headers, scopes=["read", "write"]) for _ in range(2)]
    assert first.json() == again.json()
    assert await works(api, again.json()["key"])
    other = await make(api, headers, scopes=["read"])
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len((await api.get("/v1/keys")).json()["items"]) == 2
    parts = api._transport.app.state.parts  # type: ignore[attr-defined]
    parts.vault = Vault("A" * 43 + "=", world.settings.secret_key_file)
    lost = await make(api, headers, scopes=["read", "write"])
    assert (lost.status_code, lost.json()["code"]) == (503, "secret_unreadable")


async def test_what_one_owner_made_once_another_does_not_get(api: httpx.AsyncClient, stranger: Headers) -> None:
    once = {"Idempotency-Key": "once"}
    mine, theirs = await make(api, once), await make(api, stranger | once)
    assert mine.json()["key"] != theirs.json()["key"]


async def test_a_key_is_renamed_and_ended(api: httpx.AsyncClient, world: World) -> None:
    made = (await make(api)).json()
    path, end = f"/v1/keys/{made['id']}", (world.clock() + timedelta(hours=1)).isoformat()
    changed = await api.patch(path, json={"name": "renamed", "expires_at": end})
    assert (changed.json()["name"], changed.headers["ETag"]) == ("renamed", '"2"')
    assert (await api.patch(path, json={"name": "again"})).json()["expires_at"] is not None
    world.clock.turn(3601)
    assert not await works(api, made["key"])
    assert (await api.patch(path, json={"expires_at": None})).status_code == 200
    assert await works(api, made["key"])


async def test_a_change_of_what_was_not_seen_is_refused(api: httpx.AsyncClient) -> None:
    path = f"/v1/keys/{(await make(api)).json()['id']}"
    seen = (await api.get(path)).headers["ETag"]
    await api.patch(path, json={"name": "meanwhile"})
    answers = [
        await api.patch(path, json={"name": "late"}, headers={"If-Match": seen}),
        await api.delete(path, headers={"If-Match": seen}),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(412, "precondition_failed")] * 2
    assert (await api.get(path)).json()["name"] == "meanwhile"


async def test_a_revoked_key_is_dead_for_good_and_stays_in_the_list(api: httpx.AsyncClient) -> None:
    made = (await make(api)).json()
    path = f"/v1/keys/{made['id']}"
    assert [(await api.delete(path)).status_code for _ in range(2)] == [204, 204]
    assert not await works(api, made["key"])
    assert (await api.get(path)).json()["revoked_at"] is not None
    for answer in (await api.patch(path, json={"name": "b"}), await api.post(f"{path}/rotate")):
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")


async def test_a_rotated_key_works_through_its_grace(api: httpx.AsyncClient, world: World) -> None:
    old = (await make(api, scopes=["read"])).json()
    new = (await api.post(f"/v1/keys/{old['id']}/rotate", json={"grace_seconds": 600})).json()
    assert (new["name"], new["scopes"], new["id"] != old["id"]) == (old["name"], old["scopes"], True)
    assert await works(api, old["key"])
    world.clock.turn(601)
    assert [await works(api, one["key"]) for one in (old, new)] == [False, True]
    assert (await api.post(f"/v1/keys/{old['id']}/rotate")).json()["code"] == "wrong_state"


async def test_without_a_grace_the_old_key_ends_at_once(api: httpx.AsyncClient) -> None:
    old = (await make(api)).json()
    headers = {"Idempotency-Key": "once"}
    new, again = [(await api.post(f"/v1/keys/{old['id']}/rotate", headers=headers)).json() for _ in range(2)]
    assert new == again
    assert [await works(api, one["key"]) for one in (old, new)] == [False, True]


@pytest.mark.parametrize("grace", [-1, 1e9, "x"])
async def test_a_bad_grace_is_refused(api: httpx.AsyncClient, grace: object) -> None:
    answer = await api.post(f"/v1/keys/{await first_key(api)}/rotate", json={"grace_seconds": grace})
    assert answer.json()["errors"][0]["pointer"] == "/grace_seconds"


async def test_a_lesser_key_cannot_touch_a_greater_one_of_the_same_owner(api: httpx.AsyncClient, world: World) -> None:
    lesser, greater = await headers_of(world, "somebody", Scope.WRITE), await headers_of(world, "somebody", Scope.ADMIN)
    path = f"/v1/keys/{key_id(greater)}"
    assert (await api.get(path, headers=lesser)).status_code == 200
    for answer in (
        await api.post(f"{path}/rotate", headers=lesser),
        await api.patch(path, json={"name": "mine"}, headers=lesser),
        await api.delete(path, headers=lesser),
    ):
        assert answer.status_code == 403


@pytest.mark.parametrize("end", [None, timedelta(hours=2)])
async def test_a_key_cannot_touch_one_of_the_same_owner_that_outlives_it(
    api: httpx.AsyncClient, world: World, end: timedelta | None
) -> None:
    dying = await headers_of(world, "somebody", Scope.WRITE, expires_at=world.clock() + timedelta(hours=1))
    lasting = await headers_of(world, "somebody", Scope.WRITE, expires_at=None if end is None else world.clock() + end)
    path = f"/v1/keys/{key_id(lasting)}"
    for answer in (
        await api.post(f"{path}/rotate", headers=dying),
        await api.patch(path, json={"name": "mine"}, headers=dying),
        await api.delete(path, headers=dying),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
        assert "accepted: keys that end no later than your own" in answer.json()["detail"]
    assert (await api.get(path, headers=lasting)).json()["expires_at"] == (
        None if end is None else (world.clock() + end).isoformat().replace("+00:00", "Z")
    )
    admin = await headers_of(world, "somebody", Scope.ADMIN, expires_at=world.clock() + timedelta(hours=1))
    assert (await api.post(f"{path}/rotate", headers=admin)).status_code == 201


async def test_a_key_replaces_itself_by_one_that_ends_when_it_does(api: httpx.AsyncClient, world: World) -> None:
    end = world.clock() + timedelta(hours=1)
    dying = await headers_of(world, "somebody", Scope.WRITE, expires_at=end)
    new = (await api.post(f"/v1/keys/{key_id(dying)}/rotate", headers=dying)).json()
    assert new["expires_at"] == end.isoformat().replace("+00:00", "Z")


async def test_a_key_does_not_get_again_what_a_longer_lived_one_made_once(api: httpx.AsyncClient, world: World) -> None:
    once = {"Idempotency-Key": "once"}
    lasting = await headers_of(world, "somebody", Scope.WRITE)
    dying = await headers_of(world, "somebody", Scope.WRITE, expires_at=world.clock() + timedelta(hours=1))
    assert (await make(api, lasting | once)).status_code == 201
    assert (await make(api, dying | once)).status_code == 403


async def test_keys_of_others_are_404(api: httpx.AsyncClient, stranger: Headers) -> None:
    path = f"/v1/keys/{await first_key(api)}"
    for answer in (
        await api.get(path, headers=stranger),
        await api.patch(path, json={"name": "mine"}, headers=stranger),
        await api.delete(path, headers=stranger),
        await api.post(f"{path}/rotate", headers=stranger),
        await api.get("/v1/keys/nothing"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert [one["owner"] for one in (await api.get("/v1/keys", headers=stranger)).json()["items"]] == ["stranger"]


async def test_the_last_admin_key_cannot_be_revoked(api: httpx.AsyncClient, world: World) -> None:
    path = f"/v1/keys/{await first_key(api)}"
    await headers_of(world, "gone", Scope.ADMIN, expires_at=world.clock())
    await headers_of(world, "gone", Scope.ADMIN, revoked_at=world.clock())
    await headers_of(world, "lesser", Scope.WRITE)
    answer = await api.delete(path)
    assert (answer.status_code, answer.json()["code"]) == (409, "last_admin_key")
    await headers_of(world, "another", Scope.ADMIN)
    assert (await api.delete(path)).status_code == 204


async def test_the_last_admin_key_cannot_end_sooner(api: httpx.AsyncClient, world: World) -> None:
    path, soon = f"/v1/keys/{await first_key(api)}", world.clock() + timedelta(seconds=2)
    await headers_of(world, "lesser", Scope.WRITE)
    answer = await api.patch(path, json={"expires_at": soon.isoformat()})
    assert (answer.status_code, answer.json()["code"]) == (409, "last_admin_key")
    assert (await api.patch(path, json={"expires_at": None})).status_code == 200
    await headers_of(world, "another", Scope.ADMIN, expires_at=world.clock() + timedelta(days=1))
    assert (await api.patch(path, json={"expires_at": soon.isoformat()})).status_code == 200


async def test_the_last_admin_key_may_be_rotated_for_another_takes_its_place(api: httpx.AsyncClient) -> None:
    new = (await api.post(f"/v1/keys/{await first_key(api)}/rotate", json={"grace_seconds": 0})).json()
    assert await works(api, new["key"])
    assert "admin" in new["scopes"]


async def test_two_admins_who_revoke_each_other_at_once_leave_one(api: httpx.AsyncClient, world: World) -> None:
    mine, theirs = await first_key(api), await headers_of(world, "another", Scope.ADMIN)
    answers = await asyncio.gather(
        api.delete(f"/v1/keys/{key_id(theirs)}"), api.delete(f"/v1/keys/{mine}", headers=theirs)
    )
    assert sorted(answer.status_code for answer in answers)[0] == 204
    assert sorted(answer.status_code for answer in answers)[1] in (401, 409)


async def test_pages_hold_every_key_once(api: httpx.AsyncClient, world: World) -> None:
    made = [(await make(api)).json()["id"] for _ in range(4)] + [await first_key(api)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await api.get("/v1/keys", params={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert sorted(seen) == sorted(made)
