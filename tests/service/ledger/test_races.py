"""Calls that meet in the middle of each other: on PostgreSQL they really do, SQLite lets one writer in at a time."""

import asyncio
from datetime import timedelta

from fakes.ledger import World, completed, small_spec, step

from service.db import events, runners, sweeps
from service.errors import RunnerFenced
from service.ledger.report import prune
from service.lifecycle import TrialState


async def cancel(world: World, sweep_id: str) -> None:
    await world.cancel(sweep_id)


async def endings(world: World, sweep_id: str) -> list[int]:
    async with world.database.read() as session:
        rows = await events.after(session, sweep_id, 0, limit=1000)
    assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
    return [row.data["number"] for row in rows if row.kind == "trial.ended"]


async def test_cancel_and_reports_at_once_give_each_trial_one_outcome(world: World) -> None:
    for _ in range(5):
        sweep_id = await world.create(small_spec(resources={"max_concurrent": 10}))
        doubles = [await world.open_runner(sweep_id) for _ in range(2)]
        for index, runner in enumerate(doubles):
            await runner.take(f"a{index}")
            await runner.take(f"b{index}")
        calls = [
            *(
                runner.report(results=[step(f"a{i}")], outcomes=[completed(f"b{i}")])
                for i, runner in enumerate(doubles)
            ),
            cancel(world, sweep_id),
        ]
        for result in await asyncio.gather(*calls, return_exceptions=True):
            assert result is None or not isinstance(result, BaseException) or isinstance(result, RunnerFenced), result
        assert {trial.state for trial in await world.trials(sweep_id)} == {TrialState.ENDED}
        assert sorted(await endings(world, sweep_id)) == [0, 1, 2, 3]


async def test_prune_waits_for_a_cancel_that_is_under_way(world: World) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t1")

    async def prune_it() -> None:
        async with world.database.write() as session:
            await sweeps.find(session, sweep_id, lock=True)
            row = await runners.find(session, runner.opened.runner_id, lock=True)
            assert row is not None
            await prune(session, row, "t1", world.clock())

    await asyncio.gather(cancel(world, sweep_id), prune_it(), return_exceptions=True)
    ended = await endings(world, sweep_id)
    assert sorted(ended) == sorted(set(ended))


async def test_repeated_ask_of_a_search_at_once_gets_one_trial(world: World) -> None:
    design = {"kind": "search", "sampler": "random", "configurations": 2}
    sweep_id = await world.create(small_spec(design=design, resources={"max_concurrent": 10}))
    runner = await world.open_runner(sweep_id)
    answers = await asyncio.gather(*[runner.ask("t1") for _ in range(4)])
    assert len(await world.trials(sweep_id)) == 1
    assert {answer.kind for answer in answers} <= {"trial", "wait"}


async def test_search_never_draws_past_its_end_nor_over_its_limit(world: World) -> None:
    design = {"kind": "search", "sampler": "random", "configurations": 2}
    sweep_id = await world.create(small_spec(design=design, resources={"max_concurrent": 3}))
    doubles = [await world.open_runner(sweep_id) for _ in range(2)]
    for name in range(6):
        await asyncio.wait_for(asyncio.gather(*[double.ask(f"t{name}") for double in doubles]), 30)
    assert len(await world.trials(sweep_id)) == 3


async def test_events_are_numbered_in_turn_whoever_else_has_locked_nothing(world: World) -> None:
    sweep_id = await world.create()
    before = (await world.sweep(sweep_id)).event_count

    async def tell() -> None:
        async with world.database.write() as session:
            await events.append(session, sweep_id, "test", world.clock())

    await asyncio.gather(*[tell() for _ in range(5)])
    async with world.database.read() as session:
        rows = await events.after(session, sweep_id, before, limit=100)
    assert [row.sequence for row in rows] == list(range(before + 1, before + 6))


async def test_lease_is_renewed_by_every_call(world: World) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t1")
    world.clock.turn(20)
    await runner.report()
    async with world.database.read() as session:
        row = await runners.find(session, runner.opened.runner_id)
    assert row is not None
    assert row.lease_until == world.clock() + timedelta(seconds=world.settings.lease_seconds)
