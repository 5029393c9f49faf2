"""Workers without an API: while no process serves it nobody can be heard, so nobody is taken for dead."""

import asyncio

import pytest
from fakes.ledger import RunnerDouble, World, step
from fakes.reconciling import runner_rows, submitted_runner

from service.clusters.protocol import JobState
from service.db import instance
from service.lifecycle import RunnerState
from service.loops import Loops
from service.operations.api_signs import keep_signing
from service.reconciler.absence import Presence, stay_present
from service.reconciler.claim import Tools
from service.reconciler.loop import take_due_step


@pytest.fixture
def worker(world: World) -> Presence:
    """What a process knows that serves no API."""
    world.settings = world.settings.model_copy(update={"role": "worker"})
    return Presence(Tools(world.settings, world.database, world.clusters, world.clock))


async def work_for(world: World, worker: Presence, seconds: float, *, api: bool) -> None:
    """Turns the clock second by second and does what the loops do, those of the API too where there is one."""
    tools = Tools(world.settings, world.database, world.clusters, world.clock)
    for _ in range(int(seconds)):
        if api:
            async with world.database.write() as session:
                await instance.sign_api(session, world.clock())
        await worker.note()
        now = world.clock()
        while worker.is_certain(now) and await take_due_step(tools, "worker", now, worker.heard_until(now)):
            pass
        world.clock.turn(1)


async def running_runner(world: World, worker: Presence) -> tuple[str, RunnerDouble]:
    sweep_id = await world.create()
    await work_for(world, worker, 3, api=True)
    runner = await submitted_runner(world, sweep_id)
    await runner.take("t1")
    return sweep_id, runner


async def state_of_runner(world: World, sweep_id: str) -> RunnerState:
    return (await runner_rows(world, sweep_id))[0].state


async def test_runner_outlives_an_api_that_is_away_for_longer_than_its_lease(world: World, worker: Presence) -> None:
    sweep_id, runner = await running_runner(world, worker)
    await work_for(world, worker, 40, api=False)
    assert world.clock() > (await runner_rows(world, sweep_id))[0].lease_until
    assert await state_of_runner(world, sweep_id) is RunnerState.LIVE
    await work_for(world, worker, 5, api=True)
    await runner.report(results=[step("t1")])
    await work_for(world, worker, 5, api=True)
    (row,) = await runner_rows(world, sweep_id)
    assert row.state is RunnerState.LIVE
    assert (await world.trials(sweep_id))[0].losses == 0


async def test_runner_that_stays_silent_once_the_api_is_back_is_fenced(world: World, worker: Presence) -> None:
    sweep_id, _runner = await running_runner(world, worker)
    await work_for(world, worker, 40, api=False)
    await work_for(world, worker, world.settings.lease_seconds - 2, api=True)
    assert await state_of_runner(world, sweep_id) is RunnerState.LIVE
    await work_for(world, worker, 5, api=True)
    assert await state_of_runner(world, sweep_id) is RunnerState.FENCED


async def test_job_that_is_over_is_noticed_although_the_api_is_away(world: World, worker: Presence) -> None:
    sweep_id, runner = await running_runner(world, worker)
    world.cluster.becomes(runner.opened.submission_id, JobState.FAILED)
    await work_for(world, worker, 20, api=False)
    assert await state_of_runner(world, sweep_id) is RunnerState.FENCED


async def test_worker_that_has_seen_no_sign_judges_nobody(world: World, worker: Presence) -> None:
    async with world.database.write() as session:
        await instance.sign_api(session, world.clock())
    await worker.note()
    assert worker.is_certain(world.clock())
    assert worker.heard_until(world.clock()).year == 1
    assert worker.is_api_away(world.clock())


async def test_sign_that_was_seen_before_the_clock_was_put_back_says_nothing(world: World, worker: Presence) -> None:
    sweep_id, _runner = await running_runner(world, worker)
    world.clock.turn(-3600)
    await work_for(world, worker, 20, api=False)
    assert await state_of_runner(world, sweep_id) is RunnerState.LIVE


async def test_whoever_serves_the_api_needs_no_sign(world: World) -> None:
    presence = Presence(Tools(world.settings, world.database, world.clusters, world.clock))
    await presence.note()
    assert presence.heard_until(world.clock()) == world.clock()
    assert not presence.is_api_away(world.clock())


async def test_api_signs_again_and_again_and_a_worker_without_it_says_so(world: World, worker: Presence) -> None:
    tools = Tools(world.settings, world.database, world.clusters, world.clock)
    loops = Loops()
    loops.start("presence", lambda loop: stay_present(tools, worker, loop))
    (waiting,) = loops.running()
    while waiting.trouble is None:
        await asyncio.sleep(0.01)
    assert "no process with the API is there" in waiting.trouble
    loops.start("sign of the API", lambda loop: keep_signing(world.database, world.clock, 0.01, loop))
    while worker.is_api_away(world.clock()):
        world.clock.turn(0.1)
        await asyncio.sleep(0.05)
    await loops.stop(within_seconds=5)
