"""Steering a sweep over HTTP: versions, bad bodies, other people's sweeps."""

import httpx
import pytest
from fakes.ledger import World, small_spec
from fakes.registered import register


async def submitted(api: httpx.AsyncClient) -> str:
    answer = await api.post("/v1/sweeps", json=small_spec().model_dump(mode="json"))
    assert answer.headers["ETag"] == '"1"'
    return str(answer.json()["id"])


async def test_change_answers_with_the_new_version(api: httpx.AsyncClient) -> None:
    sweep_id = await submitted(api)
    patch = {"max_concurrent": 3, "labels": {"team": "vision"}, "budget": {"wall_clock": "2h"}}
    changed = await api.patch(f"/v1/sweeps/{sweep_id}", json=patch, headers={"If-Match": '"1"'})
    assert changed.status_code == 200
    assert changed.headers["ETag"] == '"2"'
    assert changed.json()["spec"]["resources"]["max_concurrent"] == 3
    assert changed.json()["labels"] == {"team": "vision"}
    stale = await api.patch(f"/v1/sweeps/{sweep_id}", json=patch, headers={"If-Match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ({"max_concurrent": 0}, "/max_concurrent"),
        ({"max_concurent": 3}, "/max_concurent"),
        ({"budget": {"wall_clock": "soon"}}, "/budget/wall_clock"),
        ({"budget": {"max_failure_rate": None}}, "/budget/max_failure_rate"),
        ({"priority": 1e9}, "/priority"),
        ({"labels": {"": "x"}}, "/labels/"),
        ({"clusters": []}, "/clusters"),
        ({"clusters": ["local", "local"]}, "/clusters/1"),
        ({"clusters": ["gpu="]}, "/clusters/0"),
        ({"clusters": None}, "/clusters"),
        ({"max_concurrent": None}, "/max_concurrent"),
        ({"budget": None}, "/budget"),
        ({"priority": None}, "/priority"),
        ({"labels": {"a": "\x00"}}, "/labels/a"),
    ],
)
async def test_bad_patch_names_field_and_leaves_the_sweep(
    api: httpx.AsyncClient, patch: dict[str, object], pointer: str
) -> None:
    sweep_id = await submitted(api)
    answer = await api.patch(f"/v1/sweeps/{sweep_id}", json=patch)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.text
    assert answer.json()["errors"][0]["pointer"].startswith(pointer)
    assert (await api.get(f"/v1/sweeps/{sweep_id}")).headers["ETag"] == '"1"'


async def test_a_patch_may_break_no_rule_that_a_new_sweep_keeps(api: httpx.AsyncClient) -> None:
    spec = small_spec(design={"match": "device_seconds", "device_seconds": "5m"})
    made = await api.post("/v1/sweeps", json=spec.model_dump(mode="json"))
    answer = await api.patch(made.headers["Location"], json={"budget": {"trial_timeout": "1m"}})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"][0]["pointer"] == "/budget/trial_timeout"
    assert "ends trials that are to train for 300 seconds" in answer.json()["detail"]
    assert (await api.patch(made.headers["Location"], json={"budget": {"trial_timeout": "3h"}})).status_code == 200


async def test_clusters_are_chosen_by_label_as_at_creation(api: httpx.AsyncClient, world: World) -> None:
    await register(world, "east", labels={"gpu": "h100"})
    answer = await api.patch(f"/v1/sweeps/{await submitted(api)}", json={"clusters": ["gpu=h100"]})
    assert answer.json()["spec"]["clusters"] == ["gpu=h100"]


async def test_null_takes_away_what_a_sweep_can_lack(api: httpx.AsyncClient) -> None:
    sweep_id = await submitted(api)
    await api.patch(f"/v1/sweeps/{sweep_id}", json={"labels": {"a": "b"}, "budget": {"wall_clock": "2h"}})
    changed = await api.patch(f"/v1/sweeps/{sweep_id}", json={"labels": None, "budget": {"wall_clock": None}})
    assert (changed.json()["labels"], changed.json()["spec"]["budget"]["wall_clock"]) == ({}, None)


async def test_unknown_cluster_is_not_found(api: httpx.AsyncClient) -> None:
    answer = await api.patch(f"/v1/sweeps/{await submitted(api)}", json={"clusters": ["moon"]})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_cluster")


@pytest.mark.parametrize("action", ["pause", "resume", "cancel"])
async def test_action_may_be_repeated(api: httpx.AsyncClient, action: str) -> None:
    sweep_id = await submitted(api)
    answers = [await api.post(f"/v1/sweeps/{sweep_id}/{action}") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].headers["ETag"] == answers[1].headers["ETag"]


async def test_clone_is_a_new_sweep_with_the_changes(api: httpx.AsyncClient) -> None:
    sweep_id = await submitted(api)
    body = {"changes": {"name": "again", "design": {"configurations": 3}}}
    headers = {"Idempotency-Key": "k"}
    answers = [await api.post(f"/v1/sweeps/{sweep_id}/clone", json=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json()["id"] == answers[1].json()["id"] != sweep_id
    assert answers[0].json()["trials"] == 6


async def test_clone_that_breaks_a_rule_is_refused_like_a_bad_spec(api: httpx.AsyncClient) -> None:
    answer = await api.post(f"/v1/sweeps/{await submitted(api)}/clone", json={"changes": {"design": {"seed": -1}}})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert answer.json()["errors"][0]["pointer"] == "/design/seed"


async def test_extension_is_absolute_so_that_it_may_be_repeated(api: httpx.AsyncClient) -> None:
    sweep_id = await submitted(api)
    answers = [await api.post(f"/v1/sweeps/{sweep_id}/extend", json={"configurations": 4}) for _ in range(2)]
    assert [answer.json()["trials"] for answer in answers] == [8, 8]


async def test_others_cannot_steer(api: httpx.AsyncClient, stranger: dict[str, str]) -> None:
    path = f"/v1/sweeps/{await submitted(api)}"
    for action in ("pause", "resume", "cancel", "extend", "retry-failed", "clone"):
        answer = await api.post(f"{path}/{action}", json={}, headers=stranger)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), action
    assert (await api.patch(path, json={}, headers=stranger)).status_code == 404


async def test_finished_sweep_says_why_it_cannot_be_paused(api: httpx.AsyncClient, world: World) -> None:
    sweep_id = await submitted(api)
    await world.cancel(sweep_id)
    answer = await api.post(f"/v1/sweeps/{sweep_id}/pause")
    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state")
    assert "is cancelling and cannot be paused" in answer.json()["detail"]
