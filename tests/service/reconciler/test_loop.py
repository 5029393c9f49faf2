"""The reconciler moves sweeps from POST to their end, whatever their clusters and runners do."""

import asyncio

import pytest
from fakes.clusters import FakeClusterClient
from fakes.ledger import RunnerDouble, World, completed, small_spec, step
from fakes.reconciling import reconcile_for, run_to_the_end, runner_rows, state_of, submitted_runner

from search_spaces.outcomes import Outcome
from search_spaces.runner_protocol import TrialEnding
from service.clusters.protocol import ClusterRefused, ClusterUnreachable, JobState
from service.db import sweeps
from service.errors import RunnerFenced
from service.ledger.runners import OpenedRunner
from service.lifecycle import RunnerState, SweepState, TrialState
from service.loops import Loops
from service.reconciler.absence import Presence
from service.reconciler.claim import Tools
from service.reconciler.loop import start_reconciler, take_due_step


async def test_sweep_goes_from_post_to_its_report(world: World) -> None:
    sweep_id = await world.create()
    assert await state_of(world, sweep_id) is SweepState.QUEUED
    await reconcile_for(world)
    assert await state_of(world, sweep_id) is SweepState.RUNNING
    await run_to_the_end(await submitted_runner(world, sweep_id))
    await reconcile_for(world, 5)
    sweep = await world.sweep(sweep_id)
    assert sweep.state is SweepState.SUCCEEDED
    assert sweep.ended_at is not None


async def test_cluster_that_is_away_keeps_the_sweep_queued_with_the_reason(world: World) -> None:
    world.cluster.fails_with = ClusterUnreachable("connection refused")
    sweep_id = await world.create()
    await reconcile_for(world, 5)
    sweep = await world.sweep(sweep_id)
    assert sweep.state is SweepState.QUEUED
    assert "connection refused" in (sweep.state_reason or "")
    world.cluster.fails_with = None
    await reconcile_for(world, 20)
    assert await state_of(world, sweep_id) is SweepState.RUNNING
    assert (await world.sweep(sweep_id)).state_reason is None


async def test_refused_submission_is_tried_again_ever_more_slowly(world: World) -> None:
    world.cluster.fails_with = ClusterRefused("the token is wrong")
    sweep_id = await world.create()
    await reconcile_for(world, 30)
    assert 3 <= len(await runner_rows(world, sweep_id)) <= 7


async def test_runner_that_was_submitted_although_the_answer_was_lost_counts_nothing(world: World) -> None:
    world.cluster.loses_answers = True
    sweep_id = await world.create()
    await reconcile_for(world)
    ghost = await submitted_runner(world, sweep_id)
    with pytest.raises(RunnerFenced):
        await ghost.ask("t1")
    world.cluster.loses_answers = False
    await reconcile_for(world, 5)
    assert world.cluster.states[ghost.opened.submission_id] is JobState.STOPPED
    assert (await runner_rows(world, sweep_id))[-1].state is RunnerState.SUBMITTING


async def test_silent_runner_is_fenced_and_another_ends_the_sweep(world: World) -> None:
    sweep_id = await world.create()
    await reconcile_for(world)
    dead = await submitted_runner(world, sweep_id)
    await dead.take("t1")
    await dead.report(results=[step("t1")])
    await reconcile_for(world, world.settings.lease_seconds + 10)
    with pytest.raises(RunnerFenced):
        await dead.report(results=[step("t1", 2)])
    await run_to_the_end(await submitted_runner(world, sweep_id))
    await reconcile_for(world, 5)
    assert await state_of(world, sweep_id) is SweepState.SUCCEEDED
    assert {trial.outcome for trial in await world.trials(sweep_id)} == {Outcome.COMPLETED}
    assert (await world.trials(sweep_id))[0].attempts == 2


async def test_failed_job_is_noticed_before_its_lease_ends(world: World) -> None:
    sweep_id = await world.create()
    await reconcile_for(world)
    runner = await submitted_runner(world, sweep_id)
    await runner.take("t1")
    world.cluster.becomes(runner.opened.submission_id, JobState.FAILED)
    await reconcile_for(world, 2 * world.settings.heartbeat_seconds + 4)
    assert (await runner_rows(world, sweep_id))[0].state is RunnerState.FENCED
    assert world.clock() < (await runner_rows(world, sweep_id))[0].lease_until


async def test_unreachable_cluster_does_not_fence_a_runner_that_is_heard(world: World) -> None:
    sweep_id = await world.create()
    await reconcile_for(world)
    runner = await submitted_runner(world, sweep_id)
    world.cluster.fails_with = ClusterUnreachable("dashboard away")
    for _ in range(10):
        await runner.report()
        await reconcile_for(world, 10)
    assert (await runner_rows(world, sweep_id))[0].state is RunnerState.LIVE


async def test_cancelled_sweep_ends_only_when_its_job_is_over(world: World) -> None:
    sweep_id = await world.create()
    await reconcile_for(world)
    runner = await submitted_runner(world, sweep_id)
    await runner.take("t1")
    world.cluster.fails_with = ClusterUnreachable("dashboard away")
    await world.cancel(sweep_id)
    await reconcile_for(world, 5)
    assert await state_of(world, sweep_id) is SweepState.CANCELLING
    world.cluster.fails_with = None
    await reconcile_for(world, 5)
    assert await state_of(world, sweep_id) is SweepState.CANCELLED
    assert world.cluster.states[runner.opened.submission_id] is JobState.STOPPED
    assert {trial.outcome for trial in await world.trials(sweep_id)} == {Outcome.CANCELLED}


async def test_runners_that_keep_dying_fail_the_sweep_with_the_last_reason(world: World) -> None:
    sweep_id = await world.create()
    for _ in range(world.settings.max_idle_runners):
        await reconcile_for(world, 30, every_seconds=5)
        rows = await runner_rows(world, sweep_id)
        world.cluster.becomes(rows[-1].submission_id, JobState.FAILED)
        await reconcile_for(world, 30, every_seconds=5)
    sweep = await world.sweep(sweep_id)
    assert sweep.state is SweepState.FAILED
    assert "its job is FAILED" in (sweep.state_reason or "")


async def test_runners_that_keep_dying_do_not_fail_a_sweep_that_a_joined_worker_goes_on_with(world: World) -> None:
    sweep_id = await world.create()
    await reconcile_for(world)
    laptop = await world.join(sweep_id)
    await laptop.take("t1")
    for epoch in range(1, 12):
        await laptop.report(results=[step("t1", epoch)])
        for job in world.cluster.jobs:
            world.cluster.becomes(job, JobState.FAILED)
        await reconcile_for(world, 10)
    dead = [row for row in await runner_rows(world, sweep_id) if row.state is RunnerState.FENCED]
    assert len(dead) >= world.settings.max_idle_runners
    assert await state_of(world, sweep_id) is SweepState.RUNNING


async def test_wall_clock_budget_cuts_the_sweep_and_still_reports(world: World) -> None:
    sweep_id = await world.create(small_spec(budget={"wall_clock": 60}))
    await reconcile_for(world)
    runner = await submitted_runner(world, sweep_id)
    for name in ("t1", "t2"):
        await runner.take(name)
        await runner.report(outcomes=[completed(name)])
    await reconcile_for(world, 70)
    sweep = await world.sweep(sweep_id)
    assert sweep.state is SweepState.SUCCEEDED
    assert "budget.wall_clock = 60 s" in (sweep.state_reason or "")
    outcomes = [trial.outcome for trial in await world.trials(sweep_id)]
    assert outcomes == [Outcome.COMPLETED, Outcome.COMPLETED, Outcome.CANCELLED, Outcome.CANCELLED]


async def test_device_hours_budget_cuts_the_sweep(world: World) -> None:
    sweep_id = await world.create(small_spec(budget={"device_hours": 0.01}))
    await reconcile_for(world)
    runner = await submitted_runner(world, sweep_id)
    await runner.take("t1")
    await runner.report(outcomes=[completed("t1", seconds=40.0)])
    await reconcile_for(world, 5)
    assert "budget.device_hours" in ((await world.sweep(sweep_id)).state_reason or "")


async def test_too_many_failures_fail_the_sweep(world: World) -> None:
    sweep_id = await world.create(small_spec(design={"configurations": 4}, budget={"max_failure_rate": 0.5}))
    await reconcile_for(world)
    runner = await submitted_runner(world, sweep_id)
    for index in range(5):
        await runner.take(f"t{index}")
        ending = TrialEnding(
            tune_trial_id=f"t{index}", outcome=Outcome.FAILED, reason="a bug", attempt_device_seconds=1.0
        )
        await runner.report(outcomes=[ending])
    await reconcile_for(world, 5)
    sweep = await world.sweep(sweep_id)
    assert sweep.state is SweepState.FAILED
    assert "5 of 5 ended trials failed" in (sweep.state_reason or "")
    assert all(trial.state is TrialState.ENDED for trial in await world.trials(sweep_id))


async def test_two_workers_never_move_the_same_sweep(world: World) -> None:
    sweep_id = await world.create()
    now = world.clock()
    async with world.database.write() as session:
        assert await sweeps.claim_due(session, "one", now=now, until=now.replace(year=2027)) is not None
    async with world.database.write() as session:
        assert await sweeps.claim_due(session, "two", now=now, until=now.replace(year=2027)) is None
        assert await sweeps.find_claimed(session, sweep_id, "two") is None


async def test_runners_are_forgiven_the_silence_of_our_own_absence(world: World) -> None:
    sweep_id = await world.create()
    await reconcile_for(world)
    runner = await submitted_runner(world, sweep_id)
    await runner.take("t1")
    world.clock.turn(10_000)
    tools = Tools(world.settings, world.database, world.clusters, world.clock)
    loops = Loops()
    start_reconciler(tools, loops)
    while (await runner_rows(world, sweep_id))[0].lease_until < world.clock():
        await asyncio.sleep(0.01)
    await loops.stop(within_seconds=5)
    await runner.report(results=[step("t1")])
    assert (await runner_rows(world, sweep_id))[0].state is RunnerState.LIVE


async def test_cluster_that_is_away_does_not_fail_a_sweep_that_runs_elsewhere(world: World) -> None:
    away = FakeClusterClient()
    away.fails_with = ClusterUnreachable("connection refused")
    world.other_clusters["away"] = away
    sweep_id = await world.create(small_spec(clusters=["local", "away"]))
    await reconcile_for(world)
    row = next(row for row in await runner_rows(world, sweep_id) if row.cluster == "local")
    job = world.cluster.jobs[row.submission_id]
    runner = RunnerDouble(world, OpenedRunner(row.id, row.submission_id, job.environment["SUPSWEEP_RUNNER_TOKEN"]))
    world.cluster.becomes(row.submission_id, JobState.RUNNING)
    await runner.take("t1")
    for epoch in range(1, 20):
        await runner.report(results=[step("t1", epoch)])
        await reconcile_for(world, 20, every_seconds=5)
    assert await state_of(world, sweep_id) is SweepState.RUNNING


async def test_cluster_that_dies_for_a_while_does_not_fail_the_sweep_nor_mark_its_report(world: World) -> None:
    sweep_id = await world.create()
    await reconcile_for(world)
    dead = await submitted_runner(world, sweep_id)
    await dead.take("t1")
    world.cluster.fails_with = ClusterUnreachable("the head is gone")
    await reconcile_for(world, 600, every_seconds=10)
    sweep = await world.sweep(sweep_id)
    assert sweep.state is SweepState.RUNNING
    assert "the head is gone" in (sweep.state_reason or "")
    world.cluster.fails_with = None
    await reconcile_for(world, 70)
    await run_to_the_end(await submitted_runner(world, sweep_id))
    await reconcile_for(world, 90)
    sweep = await world.sweep(sweep_id)
    assert (sweep.state, sweep.state_reason, sweep.cut_reason) == (SweepState.SUCCEEDED, None, None)


async def test_sweep_has_not_succeeded_while_its_runner_is_alive(world: World) -> None:
    sweep_id = await world.create()
    await reconcile_for(world)
    runner = await submitted_runner(world, sweep_id)
    for index in range(4):
        await runner.take(f"t{index}")
        await runner.report(outcomes=[completed(f"t{index}")])
    await reconcile_for(world, 5)
    assert await state_of(world, sweep_id) is SweepState.ANALYSING
    await reconcile_for(world, 30)
    assert await state_of(world, sweep_id) is SweepState.SUCCEEDED
    assert world.cluster.states[runner.opened.submission_id] is JobState.STOPPED


async def test_sweep_of_a_cluster_that_was_removed_can_be_cancelled(world: World) -> None:
    world.other_clusters["old"] = FakeClusterClient()
    sweep_id = await world.create(small_spec(clusters=["old"]))
    await reconcile_for(world)
    del world.other_clusters["old"]
    await world.cancel(sweep_id)
    patience_seconds = world.settings.runner_patience_seconds + world.settings.lease_seconds
    await reconcile_for(world, patience_seconds + 10, every_seconds=5)
    assert await state_of(world, sweep_id) is SweepState.CANCELLED


async def test_step_that_is_stopped_gives_its_claim_back(world: World) -> None:
    sweep_id = await world.create()
    tools = Tools(world.settings, world.database, world.clusters, world.clock)
    world.cluster.hangs = True
    task = asyncio.create_task(take_due_step(tools, "worker", world.clock()))
    while not await runner_rows(world, sweep_id):
        await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert (await world.sweep(sweep_id)).claimed_by is None


async def test_step_that_is_stopped_stops_although_its_claim_is_lost(world: World) -> None:
    """Otherwise its worker would go on for ever, and the service could not end."""
    sweep_id = await world.create()
    tools = Tools(world.settings, world.database, world.clusters, world.clock)
    world.cluster.hangs = True
    task = asyncio.create_task(take_due_step(tools, "worker", world.clock()))
    while not await runner_rows(world, sweep_id):
        await asyncio.sleep(0.01)
    async with world.database.write() as session:
        sweep = await sweeps.find(session, sweep_id, lock=True)
        assert sweep is not None
        sweep.claimed_by = "another worker"
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()


async def test_workers_outlive_whatever_a_step_raises(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    async def broken_claim(*_arguments: object, **_keywords: object) -> None:
        calls.append(1)
        raise RuntimeError("a bug")

    monkeypatch.setattr(sweeps, "claim_due", broken_claim)
    tools = Tools(world.settings, world.database, world.clusters, world.clock)
    loops = Loops()
    start_reconciler(tools, loops)
    while len(calls) < 4:
        await asyncio.sleep(0.01)
    assert not loops.ended()
    await loops.stop(within_seconds=5)


async def test_absence_is_forgiven_once_and_presence_is_not(world: World) -> None:
    sweep_id = await world.create()
    await reconcile_for(world)
    presence = Presence(Tools(world.settings, world.database, world.clusters, world.clock))
    assert not presence.is_certain(world.clock())
    await presence.note()
    lease = (await runner_rows(world, sweep_id))[0].lease_until
    world.clock.turn(1)
    await presence.note()
    assert (await runner_rows(world, sweep_id))[0].lease_until == lease
    world.clock.turn(1000)
    assert not presence.is_certain(world.clock())
    await presence.note()
    assert (await runner_rows(world, sweep_id))[0].lease_until > world.clock()
