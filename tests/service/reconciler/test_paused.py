"""Paused sweeps, sweeps that change their clusters, sweeps of an owner without quota, sweeps that go on."""

from fakes.clusters import FakeClusterClient
from fakes.ledger import OWNER, RunnerDouble, World, completed, lost, small_spec, step
from fakes.reconciling import reconcile_for, run_to_the_end, runner_rows, state_of, submitted_runner

from search_spaces.outcomes import Outcome
from service.clusters.protocol import JobState
from service.db import runners
from service.lifecycle import RunnerState, SweepState
from service.operations.steering import change_sweep, extend_sweep
from service.schemas.steering import ExtendRequest, SweepPatch
from service.settings import Quota


async def running_sweep(world: World) -> tuple[str, RunnerDouble]:
    """A sweep with one runner that has a trial."""
    sweep_id = await world.create()
    await reconcile_for(world)
    runner = await submitted_runner(world, sweep_id)
    await runner.take("t1")
    await runner.report(results=[step("t1")])
    return sweep_id, runner


async def test_paused_sweep_goes_on_with_another_runner(world: World) -> None:
    sweep_id, runner = await running_sweep(world)
    await world.pause(sweep_id)
    await runner.report(lost=[lost("t1")])
    world.cluster.becomes(runner.opened.submission_id, JobState.SUCCEEDED)
    await reconcile_for(world, 20)
    assert await state_of(world, sweep_id) is SweepState.PAUSED
    assert len(await runner_rows(world, sweep_id)) == 1
    await world.resume(sweep_id)
    await reconcile_for(world, 3)
    await run_to_the_end(await submitted_runner(world, sweep_id))
    await reconcile_for(world, 5)
    assert await state_of(world, sweep_id) is SweepState.SUCCEEDED
    assert [row.state for row in await runner_rows(world, sweep_id)] == [RunnerState.FINISHED] * 2


async def test_resumed_sweep_does_not_wait_for_the_runner_that_drains(world: World) -> None:
    sweep_id, runner = await running_sweep(world)
    await world.pause(sweep_id)
    await world.resume(sweep_id)
    await reconcile_for(world, 3)
    old, new = await runner_rows(world, sweep_id)
    assert (old.state, old.is_draining, new.is_draining) == (RunnerState.LIVE, True, False)
    await runner.report(lost=[lost("t1")])
    await run_to_the_end(await submitted_runner(world, sweep_id))
    assert {trial.outcome for trial in await world.trials(sweep_id)} == {Outcome.COMPLETED}


async def test_draining_runner_that_dies_is_fenced(world: World) -> None:
    sweep_id, _runner = await running_sweep(world)
    await world.pause(sweep_id)
    await reconcile_for(world, world.settings.lease_seconds + 5)
    assert (await runner_rows(world, sweep_id))[0].state is RunnerState.FENCED
    assert (await world.trials(sweep_id))[0].attempts == 1


async def test_sweep_that_leaves_a_cluster_drains_the_runner_there(world: World) -> None:
    world.other_clusters["east"] = FakeClusterClient()
    sweep_id, runner = await running_sweep(world)
    async with world.database.write() as session:
        patch = SweepPatch(clusters=["east"])
        await change_sweep(session, world.clusters, sweep_id, patch, None, world.clock())
    await reconcile_for(world, 3)
    assert (await runner.report()).drain
    assert [row.cluster for row in await runner_rows(world, sweep_id)] == ["local", "east"]


async def test_used_up_quota_pauses_the_sweep_with_the_reason(world: World) -> None:
    sweep_id, runner = await running_sweep(world)
    world.settings = world.settings.model_copy(update={"quotas": {OWNER: Quota(device_hours=0.001)}})
    await runner.report(outcomes=[completed("t1", seconds=10.0)])
    await reconcile_for(world, 3)
    sweep = await world.sweep(sweep_id)
    assert sweep.state is SweepState.PAUSED
    assert "the quota is 0.001" in (sweep.state_reason or "")
    assert (await runner.report()).drain


async def test_sweep_that_was_extended_succeeds_again(world: World) -> None:
    sweep_id = await world.create(small_spec(budget={"wall_clock": 100}))
    await reconcile_for(world)
    await run_to_the_end(await submitted_runner(world, sweep_id))
    await reconcile_for(world, 1000, every_seconds=50)
    assert await state_of(world, sweep_id) is SweepState.SUCCEEDED
    await extend_sweep(world.database, sweep_id, ExtendRequest(configurations=3), None, world.clock())
    await reconcile_for(world, 3)
    assert await state_of(world, sweep_id) is SweepState.RUNNING, "its wall clock starts anew"
    await run_to_the_end(await submitted_runner(world, sweep_id))
    await reconcile_for(world, 5)
    assert await state_of(world, sweep_id) is SweepState.SUCCEEDED
    assert len(await world.trials(sweep_id)) == 6


async def test_runners_that_died_before_a_sweep_was_opened_again_do_not_count(world: World) -> None:
    sweep_id = await world.create()
    for _ in range(world.settings.max_idle_runners):
        await reconcile_for(world, 30, every_seconds=5)
        world.cluster.becomes((await runner_rows(world, sweep_id))[-1].submission_id, JobState.FAILED)
        await reconcile_for(world, 30, every_seconds=5)
    assert await state_of(world, sweep_id) is SweepState.FAILED
    await extend_sweep(world.database, sweep_id, ExtendRequest(configurations=3), None, world.clock())
    await reconcile_for(world, 5)
    assert await state_of(world, sweep_id) is SweepState.RUNNING


async def test_own_worker_runs_trials_while_the_cluster_has_none_to_give(world: World) -> None:
    sweep_id = await world.create()
    worker = await world.join(sweep_id)
    await worker.take("t1")
    await worker.report(outcomes=[completed("t1")])
    await reconcile_for(world, 5)
    async with world.database.read() as session:
        row = await runners.find(session, worker.opened.runner_id)
    assert row is not None
    assert (row.state, row.cluster) == (RunnerState.LIVE, "worker:laptop")
    await reconcile_for(world, world.settings.lease_seconds + 5)
    (row, *_) = await runner_rows(world, sweep_id)
    assert row.state is RunnerState.FENCED, "it was not heard"
