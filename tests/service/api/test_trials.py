"""/v1/sweeps/{id}/trials: filtered pages, one trial with its attempts, and what a page costs in a large sweep."""

import time
from typing import Any

import httpx
import pytest
from fakes.ledger import World, completed, lost, small_spec
from fakes.many_trials import write_ended_trials


async def run_sweep(world: World) -> str:
    """Id of a sweep of four trials: 0 completed after one loss, 1 completed, 2 runs, 3 is planned."""
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t0")
    world.clock.turn(10)
    await runner.report(lost=[lost("t0")])
    for name, score in (("t1", 0.9), ("t2", 0.8)):
        await runner.take(name)
        await runner.report(outcomes=[completed(name, score)])
    await runner.take("t3")
    return sweep_id


async def numbers(api: httpx.AsyncClient, sweep_id: str, **query: Any) -> list[int]:
    """Numbers of the trials of one page."""
    answer = await api.get(f"/v1/sweeps/{sweep_id}/trials", params=query)
    assert answer.status_code == 200, answer.text
    return [trial["number"] for trial in answer.json()["items"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [0, 1, 2, 3]),
        ({"arm": "supcon"}, [0, 2]),
        ({"state": "planned"}, [3]),
        ({"state": "running"}, [2]),
        ({"outcome": "completed"}, [0, 1]),
        ({"point": 1}, [2, 3]),
        ({"point": 0, "arm": "cross_entropy", "outcome": "completed", "state": "ended"}, [1]),
        ({"point": 2**31 - 1}, []),
        ({"outcome": "diverged"}, []),
    ],
)
async def test_page_holds_the_trials_that_match_every_filter(
    api: httpx.AsyncClient, world: World, query: dict[str, Any], expected: list[int]
) -> None:
    assert await numbers(api, await run_sweep(world), **query) == expected


async def test_filtered_pages_go_on_where_the_one_before_ended(api: httpx.AsyncClient, world: World) -> None:
    sweep_id = await run_sweep(world)
    query: dict[str, Any] = {"arm": "supcon", "limit": 1}
    first = (await api.get(f"/v1/sweeps/{sweep_id}/trials", params=query)).json()
    second = (await api.get(f"/v1/sweeps/{sweep_id}/trials", params=query | {"cursor": first["next_cursor"]})).json()
    assert [first["items"][0]["number"], second["items"][0]["number"], second["next_cursor"]] == [0, 2, None]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"arm": "moon"}, "arm cannot be 'moon'; accepted: supcon, cross_entropy"),
        ({"arm": "a\x00"}, "arm cannot be"),
        ({"state": "done"}, "state cannot be 'done'"),
        ({"outcome": "won"}, "outcome cannot be 'won'"),
        ({"point": -1}, "point cannot be '-1'"),
        ({"point": 2**31}, "point cannot be"),
        ({"point": "x"}, "point cannot be 'x'"),
        ({"limit": 501}, "limit cannot be '501'"),
    ],
)
async def test_filter_that_nothing_can_match_is_refused_with_its_value(
    api: httpx.AsyncClient, world: World, query: dict[str, Any], sentence: str
) -> None:
    answer = await api.get(f"/v1/sweeps/{await world.create()}/trials", params=query)
    assert answer.status_code == 422
    assert sentence in answer.json()["detail"]


async def test_trial_tells_of_every_attempt_at_it(api: httpx.AsyncClient, world: World) -> None:
    sweep_id = await run_sweep(world)
    trial = (await api.get(f"/v1/sweeps/{sweep_id}/trials/0")).json()
    assert trial["attempts"] == 2
    assert [(one["number"], one["ending"], one["cluster"], one["runner"]) for one in trial["history"]] == [
        (1, "lost", "local", f"{sweep_id}-1"),
        (2, "completed", "local", f"{sweep_id}-1"),
    ]
    assert sum(one["device_seconds"] for one in trial["history"]) == trial["device_seconds"] == 13.0
    assert trial["history"][0]["ended_at"] == "2026-01-01T00:00:10Z"


async def test_trial_that_runs_has_an_open_attempt(api: httpx.AsyncClient, world: World) -> None:
    sweep_id = await run_sweep(world)
    (attempt,) = (await api.get(f"/v1/sweeps/{sweep_id}/trials/2")).json()["history"]
    assert (attempt["ending"], attempt["ended_at"], attempt["devices"]) == (None, None, 1.0)


async def test_trials_of_others_are_not_found(api: httpx.AsyncClient, world: World, stranger: dict[str, str]) -> None:
    sweep_id = await run_sweep(world)
    for path in ("trials", "trials/0", "trials/0/metrics"):
        assert (await api.get(f"/v1/sweeps/{sweep_id}/{path}", headers=stranger)).status_code == 404


async def test_trial_that_is_not_there_is_not_found(api: httpx.AsyncClient, world: World) -> None:
    sweep_id = await world.create()
    answer = await api.get(f"/v1/sweeps/{sweep_id}/trials/4")
    assert (answer.status_code, answer.json()["detail"]) == (404, f"sweep {sweep_id} has no trial 4")


@pytest.mark.slow
async def test_page_of_10_000_trials_costs_at_most_three_times_that_of_100(
    api: httpx.AsyncClient, world: World
) -> None:
    for sweep_id, trials in (("5a11", 100), ("b16", 10_000)):
        await write_ended_trials(world.database, small_spec(), sweep_id, trials)
    for query in ({}, {"arm": "supcon"}, {"state": "ended"}, {"outcome": "failed", "limit": 1}, {"point": 49}):
        small, large = await _best_seconds(api, ("5a11", "b16"), {"limit": 50, **query})
        assert large <= 3 * small, (query, small, large)


async def _best_seconds(api: httpx.AsyncClient, sweep_ids: tuple[str, ...], query: dict[str, Any]) -> list[float]:
    """Seconds of the fastest page of each sweep; in turns, so that the machine's other work slows them alike."""
    took: dict[str, list[float]] = {sweep_id: [] for sweep_id in sweep_ids}
    for _ in range(15):
        for sweep_id in sweep_ids:
            started = time.perf_counter()
            assert (await api.get(f"/v1/sweeps/{sweep_id}/trials", params=query)).status_code == 200
            took[sweep_id].append(time.perf_counter() - started)
    return [min(seconds) for seconds in took.values()]
