"""POST /v1/sweeps/preview: checked as a submission is, judged by the caller's own past, and writing nothing."""

from typing import Any

import httpx
import pytest
from fakes.ledger import World, completed, small_spec
from sqlalchemy import text

from search_spaces.outcomes import Outcome
from search_spaces.presets import tune_supcon

DOCUMENT: dict[str, Any] = small_spec().model_dump(mode="json", exclude_defaults=True)


async def finish_sweep(world: World) -> None:
    """A sweep whose four trials took 3 device-seconds each."""
    runner = await world.open_runner(await world.create())
    for number in range(4):
        await runner.take(f"t{number}")
        await runner.report(outcomes=[completed(f"t{number}", seconds=3.0)])


async def test_preview_tells_trials_passes_and_power_and_writes_nothing(api: httpx.AsyncClient, world: World) -> None:
    answer = await api.post("/v1/sweeps/preview", json=DOCUMENT)
    assert answer.status_code == 200
    seen = answer.json()
    assert (seen["trials"], seen["epochs"], seen["image_passes"]) == (4, 12, 4 * 4 * 1222)
    assert seen["device_hours"]["value"] is None
    assert seen["power"] == seen["power"] | {"pairs": 2, "power_at_reference": 0.0, "detectable_ratio": None}
    async with world.database.read() as session:
        for table in ("sweeps", "trials", "events", "idempotency_keys"):
            assert (await session.execute(text(f"SELECT count(*) FROM {table}"))).scalar() == 0


async def test_cost_is_judged_by_the_callers_own_finished_trials(api: httpx.AsyncClient, world: World) -> None:
    await finish_sweep(world)
    hours = (await api.post("/v1/sweeps/preview", json=DOCUMENT)).json()["device_hours"]
    assert hours["value"] == pytest.approx(12 / 3600)
    assert hours["past_trials"] == 4


async def test_what_others_ran_says_nothing_to_a_stranger(
    api: httpx.AsyncClient, world: World, stranger: dict[str, str]
) -> None:
    await finish_sweep(world)
    hours = (await api.post("/v1/sweeps/preview", json=DOCUMENT, headers=stranger)).json()["device_hours"]
    assert (hours["value"], hours["past_trials"]) == (None, 0)


async def test_failed_trials_say_nothing_of_the_cost(api: httpx.AsyncClient, world: World) -> None:
    runner = await world.open_runner(await world.create())
    await runner.take("t0")
    ending = completed("t0").model_copy(update={"outcome": Outcome.FAILED, "reason": "a bug", "scores": {}})
    await runner.report(outcomes=[ending])
    assert (await api.post("/v1/sweeps/preview", json=DOCUMENT)).json()["device_hours"]["value"] is None


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"clusters": ["moon"]}, 404, "unknown_cluster"),
        ({"budget": {"device_hours": 0}}, 422, "invalid_request"),
        ({"arms": []}, 422, "invalid_request"),
        ({"surprise": 1}, 422, "invalid_request"),
        ({"design": {"kind": "search"}, "warm_start": "nothing"}, 404, "not_found"),
        ({"dataset": {"name": "cifar10", "root": "/etc"}}, 422, "invalid_request"),
    ],
)
async def test_what_a_submission_refuses_its_preview_refuses(
    api: httpx.AsyncClient, change: dict[str, Any], status: int, code: str
) -> None:
    answers = [await api.post(path, json=DOCUMENT | change) for path in ("/v1/sweeps", "/v1/sweeps/preview")]
    assert [answer.status_code for answer in answers] == [status, status]
    said = [{**answer.json(), "request_id": None} for answer in answers]
    assert said[0] == said[1]
    assert said[0]["code"] == code


async def test_arms_that_cannot_be_matched_are_told_before(api: httpx.AsyncClient) -> None:
    arms = [{**arm, "base": {"epochs": 10_000}} for arm in DOCUMENT["arms"]]
    answers = [await api.post(path, json=DOCUMENT | {"arms": arms}) for path in ("/v1/sweeps", "/v1/sweeps/preview")]
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(422, "cannot_match")] * 2


async def test_an_unknown_sweep_to_start_from_is_told_before_and_at_the_submission(api: httpx.AsyncClient) -> None:
    body = tune_supcon().model_dump(mode="json", exclude_defaults=True) | {"warm_start": "nosuchsweep"}
    answers = [await api.post(path, json=body) for path in ("/v1/sweeps/preview", "/v1/sweeps")]
    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
        assert "warm_start: no sweep 'nosuchsweep'" in answer.json()["detail"]


async def test_preview_needs_a_key(api: httpx.AsyncClient) -> None:
    assert (await api.post("/v1/sweeps/preview", json=DOCUMENT, headers={"Authorization": ""})).status_code == 401
