"""/v1/sweeps as its callers see it."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from fakes.ledger import World, small_spec

DOCUMENT: dict[str, Any] = small_spec().model_dump(mode="json", exclude_defaults=True)


async def test_accepted_sweep_has_a_place_and_all_its_trials(api: httpx.AsyncClient) -> None:
    answer = await api.post("/v1/sweeps", json=DOCUMENT)
    assert answer.status_code == 201
    sweep = answer.json()
    assert answer.headers["Location"] == f"/v1/sweeps/{sweep['id']}"
    assert (sweep["state"], sweep["trials"], sweep["trials_ended"]) == ("queued", 4, 0)
    assert sweep["arms"][0] == {
        "arm": "supcon",
        "total": 2,
        "planned": 2,
        "running": 0,
        "outcomes": {},
        "best_score": None,
        "pareto_front": [],
    }
    assert (await api.get(answer.headers["Location"])).json() == sweep


async def test_bad_spec_is_a_problem_with_a_pointer_and_writes_nothing(api: httpx.AsyncClient) -> None:
    answer = await api.post("/v1/sweeps", json=DOCUMENT | {"budget": {"device_hours": 0}})
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "invalid_request"
    assert problem["errors"] == [
        {"pointer": "/budget/device_hours", "detail": "budget.device_hours cannot be 0; accepted: greater than 0"}
    ]
    assert (await api.get("/v1/sweeps")).json()["items"] == []


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '"text"', '{"name": NaN}', "1e999"])
async def test_body_that_is_no_spec_is_a_problem(api: httpx.AsyncClient, body: str) -> None:
    answer = await api.post("/v1/sweeps", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["detail"]


async def test_unknown_cluster_is_404_and_names_the_known_ones(api: httpx.AsyncClient) -> None:
    answer = await api.post("/v1/sweeps", json=DOCUMENT | {"clusters": ["mars"]})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_cluster")
    assert "'mars'" in answer.json()["detail"]
    assert "local" in answer.json()["detail"]


async def test_arms_that_cannot_be_matched_are_422(api: httpx.AsyncClient) -> None:
    arms = [arm | {"base": {"epochs": 10_000}} for arm in DOCUMENT["arms"]]
    answer = await api.post("/v1/sweeps", json=DOCUMENT | {"arms": arms})
    assert (answer.status_code, answer.json()["code"]) == (422, "cannot_match")


@pytest.mark.parametrize("key", ["", "Bearer ", "Bearer sws_00000000_0", "Basic abc", "Bearer sws__", "Bearer x"])
async def test_missing_or_wrong_key_is_401(api: httpx.AsyncClient, key: str) -> None:
    answer = await api.get("/v1/sweeps", headers={"Authorization": key})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "unauthenticated"


async def test_sweep_of_somebody_else_is_404(api: httpx.AsyncClient, stranger: dict[str, str]) -> None:
    place = (await api.post("/v1/sweeps", json=DOCUMENT)).headers["Location"]
    for path in (place, f"{place}/trials", f"{place}/events", f"{place}/report", f"{place}/trials/0"):
        assert (await api.get(path, headers=stranger)).status_code == 404
    assert (await api.post(f"{place}/cancel", headers=stranger)).status_code == 404
    assert (await api.get("/v1/sweeps", headers=stranger)).json()["items"] == []


async def test_same_idempotency_key_makes_one_sweep(api: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k1"}
    first, second = [await api.post("/v1/sweeps", json=DOCUMENT, headers=headers) for _ in range(2)]
    assert first.json()["id"] == second.json()["id"]
    other = await api.post("/v1/sweeps", json=DOCUMENT | {"name": "other"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_concurrent_posts_with_one_key_make_one_sweep(api: httpx.AsyncClient) -> None:
    headers = {"Idempotency-Key": "k1"}
    answers = await asyncio.gather(*[api.post("/v1/sweeps", json=DOCUMENT, headers=headers) for _ in range(5)])
    made = {answer.json()["id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len((await api.get("/v1/sweeps")).json()["items"]) == 1


async def test_pages_hold_every_sweep_once_newest_first(api: httpx.AsyncClient, world: World) -> None:
    made = []
    for index in range(5):
        made.append((await api.post("/v1/sweeps", json=DOCUMENT | {"name": f"s{index}"})).json()["id"])
        world.clock.turn(index % 2)
    seen, cursor = [], None
    while True:
        parameters = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await api.get("/v1/sweeps", params=parameters)).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert sorted(seen) == sorted(made)
    assert seen[0] in made[-2:]


async def test_list_is_filtered_by_state_and_name(api: httpx.AsyncClient) -> None:
    place = (await api.post("/v1/sweeps", json=DOCUMENT | {"name": "one"})).headers["Location"]
    await api.post("/v1/sweeps", json=DOCUMENT | {"name": "two"})
    await api.post(f"{place}/cancel")
    by_state = (await api.get("/v1/sweeps", params={"state": "cancelling"})).json()["items"]
    by_name = (await api.get("/v1/sweeps", params={"name": "two"})).json()["items"]
    assert ([item["name"] for item in by_state], [item["name"] for item in by_name]) == (["one"], ["two"])


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "state=odd", "cursor=nonsense", "limit=1000"])
async def test_bad_query_is_a_problem(api: httpx.AsyncClient, query: str) -> None:
    answer = await api.get(f"/v1/sweeps?{query}")
    assert answer.status_code == 422
    assert query.partition("=")[0] in answer.text


async def test_cancel_may_be_repeated_and_ends_every_trial(api: httpx.AsyncClient) -> None:
    place = (await api.post("/v1/sweeps", json=DOCUMENT)).headers["Location"]
    for _ in range(2):
        answer = await api.post(f"{place}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelling")
    trials = (await api.get(f"{place}/trials")).json()["items"]
    assert {trial["outcome"] for trial in trials} == {"cancelled"}


async def test_report_of_a_queued_sweep_is_not_ready(api: httpx.AsyncClient) -> None:
    place = (await api.post("/v1/sweeps", json=DOCUMENT)).headers["Location"]
    answer = await api.get(f"{place}/report")
    assert (answer.status_code, answer.json()["code"]) == (409, "report_not_ready")


async def test_unknown_path_and_method_are_problems(api: httpx.AsyncClient) -> None:
    assert (await api.get("/v1/nothing")).json()["code"] == "not_found"
    assert (await api.delete("/v1/sweeps")).json()["code"] == "method_not_allowed"


@pytest.mark.parametrize(
    "path",
    ["/v1/sweeps/a%00b", "/v1/sweeps?name=a%00b", "/v1/sweeps?cursor=a%00b", "/v1/sweeps/a%00b/trials?cursor=a%00b"],
)
async def test_a_nul_in_the_address_is_a_problem(api: httpx.AsyncClient, path: str) -> None:
    assert (await api.get(path)).status_code == 422


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
async def test_a_text_that_no_database_stores_is_a_problem(api: httpx.AsyncClient, text: str) -> None:
    body = json.dumps(DOCUMENT | {"labels": {"team": text}})
    answer = await api.post("/v1/sweeps", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/labels/team"
