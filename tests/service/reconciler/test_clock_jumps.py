"""A clock that jumps, either way, fences nobody for good, holds nothing up and charges next to nothing."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from itertools import count

import pytest
from fakes.ledger import RunnerDouble, World, small_spec, step
from sqlalchemy import text

from service.clusters.protocol import ClusterUnreachable
from service.db import runners, sweeps
from service.db.runners import RunnerRow
from service.ledger.runners import OpenedRunner, open_runner
from service.lifecycle import RunnerState, SweepState
from service.reconciler.absence import Presence
from service.reconciler.claim import Tools
from service.reconciler.loop import take_due_step

HOUR_SECONDS = 3600.0


async def reconcile_for(world: World, presence: Presence, seconds: int) -> None:
    """Turns the clock second by second and does what the loops do."""
    tools = Tools(world.settings, world.database, world.clusters, world.clock)
    for _ in range(seconds):
        await presence.note()
        while presence.is_certain(world.clock()) and await take_due_step(tools, "worker", world.clock()):
            pass
        world.clock.turn(1)


async def runner_rows(world: World, sweep_id: str) -> list[RunnerRow]:
    async with world.database.read() as session:
        return list(await runners.of_sweep(session, sweep_id))


async def newest_runner(world: World, sweep_id: str) -> RunnerDouble:
    row = (await runner_rows(world, sweep_id))[-1]
    token = world.cluster.jobs[row.submission_id].environment["SUPSWEEP_RUNNER_TOKEN"]
    return RunnerDouble(world, OpenedRunner(row.id, row.submission_id, token))


@pytest.fixture
def presence(world: World) -> Presence:
    return Presence(Tools(world.settings, world.database, world.clusters, world.clock))


@pytest.mark.parametrize("seconds", [HOUR_SECONDS, -HOUR_SECONDS])
async def test_runner_that_is_heard_is_believed_through_a_jump(
    world: World, presence: Presence, seconds: float
) -> None:
    # Its wall clock is the one that jumps: a sweep that may not last so long is over.
    sweep_id = await world.create(small_spec(budget={"wall_clock": "8h"}))
    await reconcile_for(world, presence, 2)
    runner = await newest_runner(world, sweep_id)
    await runner.take("t1")
    world.clock.turn(seconds)
    for epoch in range(1, 4):
        await reconcile_for(world, presence, 5)
        await runner.report(results=[step("t1", epoch)])
    (row,) = await runner_rows(world, sweep_id)
    assert row.state is RunnerState.LIVE


async def test_runner_that_dies_is_found_and_replaced_although_the_clock_was_put_back(
    world: World, presence: Presence
) -> None:
    sweep_id = await world.create()
    await reconcile_for(world, presence, 2)
    dead = await newest_runner(world, sweep_id)
    await dead.take("t1")
    world.clock.turn(-HOUR_SECONDS)
    await reconcile_for(world, presence, int(world.settings.lease_seconds) + 10)
    states = [row.state for row in await runner_rows(world, sweep_id)]
    assert states == [RunnerState.FENCED, RunnerState.SUBMITTING]


async def test_sweep_created_before_the_clock_was_put_back_is_not_left_waiting(
    world: World, presence: Presence
) -> None:
    sweep_id = await world.create()
    world.clock.turn(-HOUR_SECONDS)
    await reconcile_for(world, presence, 3)
    assert (await world.sweep(sweep_id)).state is SweepState.RUNNING


async def test_cluster_that_failed_before_the_clock_was_put_back_is_tried_again(
    world: World, presence: Presence
) -> None:
    world.cluster.fails_with = ClusterUnreachable("away")
    sweep_id = await world.create()
    await reconcile_for(world, presence, 20)
    world.cluster.fails_with = None
    world.clock.turn(-HOUR_SECONDS)
    await reconcile_for(world, presence, 5)
    assert (await world.sweep(sweep_id)).state is SweepState.RUNNING


async def test_lost_attempt_is_not_charged_for_a_jump(world: World) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t1")
    for _ in range(10):
        world.clock.turn(1)
        await runner.report()
    world.clock.turn(HOUR_SECONDS)
    await runner.report()
    await world.fence(runner)
    (trial, *_others) = await world.trials(sweep_id)
    assert 10 <= trial.device_seconds <= 10 + world.settings.lease_seconds


def clock_that_jumps_at_once(world: World) -> Callable[[], datetime]:
    """The world's clock, put forward as soon as somebody has read it."""
    readings = count()

    def read() -> datetime:
        if next(readings) == 1:
            world.clock.turn(HOUR_SECONDS)
        return world.clock()

    return read


async def test_clock_that_jumps_in_the_midst_of_a_step_fences_nobody(world: World, presence: Presence) -> None:
    sweep_id = await world.create(small_spec(budget={"wall_clock": "8h"}))
    await reconcile_for(world, presence, 2)
    await (await newest_runner(world, sweep_id)).take("t1")
    world.clock.turn(2)
    clock = clock_that_jumps_at_once(world)
    assert await take_due_step(Tools(world.settings, world.database, world.clusters, clock), "worker", clock())
    (row,) = await runner_rows(world, sweep_id)
    assert row.state is RunnerState.LIVE


async def until_waiting(world: World, *others: asyncio.Task[object]) -> None:
    """Returns when each of the tasks waits for a lock, or has ended."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    while True:
        async with world.database.read() as session:
            waiters = (await session.execute(text(waiting))).scalar_one()
        if waiters + sum(other.done() for other in others) >= len(others):
            return
        await asyncio.sleep(0.01)


only_where_several_write_at_once = pytest.mark.parametrize("database", ["postgres"], indirect=True)


@only_where_several_write_at_once
async def test_report_that_waits_through_a_jump_renews_the_lease_by_the_time_after_it(
    world: World, presence: Presence
) -> None:
    sweep_id = await world.create()
    await reconcile_for(world, presence, 2)
    runner = await newest_runner(world, sweep_id)
    await runner.take("t1")
    async with world.database.write() as session:
        await sweeps.find(session, sweep_id, lock=True)
        reporting = asyncio.create_task(runner.report(results=[step("t1", 1)]))
        await until_waiting(world, reporting)
        world.clock.turn(HOUR_SECONDS)
        noting = asyncio.create_task(presence.note())
        await until_waiting(world, reporting, noting)
    await asyncio.gather(reporting, noting)
    (row,) = await runner_rows(world, sweep_id)
    assert row.lease_until > world.clock()


@only_where_several_write_at_once
async def test_runner_that_is_opened_while_the_clock_jumps_has_its_lease(world: World, presence: Presence) -> None:
    sweep_id = await world.create()
    await presence.note()
    async with world.database.write() as session:
        await sweeps.find(session, sweep_id, lock=True)
        await open_runner(session, world.settings, sweep_id, "local", world.clock())
        world.clock.turn(HOUR_SECONDS)
        noting = asyncio.create_task(presence.note())
        await until_waiting(world, noting)
    await noting
    (row,) = await runner_rows(world, sweep_id)
    assert row.lease_until > world.clock()
