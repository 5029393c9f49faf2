"""Clusters that are drained: no new runner, trials that come back and go on elsewhere, none of them lost."""

import pytest
from fakes.clusters import FakeClusterClient
from fakes.ledger import RunnerDouble, World, lost, small_spec, step
from fakes.reconciling import reconcile_for, run_to_the_end, runner_rows, state_of, submitted_runner
from fakes.registered import register

from search_spaces.outcomes import Outcome
from service.clusters.protocol import JobState
from service.db import clusters
from service.lifecycle import RunnerState, SweepState
from service.operations.clusters import change_cluster, delete_cluster, describe_cluster, find_cluster
from service.operations.steering import change_sweep
from service.schemas.clusters import ClusterChange, ClusterView
from service.schemas.steering import SweepPatch


@pytest.fixture
async def east(world: World) -> FakeClusterClient:
    """A second cluster beside `local`; both are registered."""
    world.other_clusters["east"] = FakeClusterClient()
    for name in ("local", "east"):
        await register(world, name)
    return world.other_clusters["east"]


async def set_draining(world: World, name: str, *, is_draining: bool) -> None:
    """An admin drains the cluster, or opens it again."""
    change = ClusterChange(is_draining=is_draining)
    async with world.database.write() as session:
        await change_cluster(session, world.vault, name, change, if_match=None, now=world.clock())


async def view_of(world: World, name: str) -> ClusterView:
    async with world.database.read() as session:
        return await describe_cluster(session, await find_cluster(session, name))


async def sweep_on(world: World, *names: str) -> str:
    """A sweep whose runners have been submitted."""
    sweep_id = await world.create(small_spec(clusters=list(names)))
    await reconcile_for(world, 3)
    return sweep_id


async def runner_with_a_trial(world: World, sweep_id: str) -> RunnerDouble:
    runner = await submitted_runner(world, sweep_id)
    await runner.take("t1")
    await runner.report(results=[step("t1")])
    return runner


async def test_trials_of_a_drained_cluster_come_back_and_go_on_on_another(
    world: World, east: FakeClusterClient
) -> None:
    sweep_id = await sweep_on(world, "local")
    runner = await runner_with_a_trial(world, sweep_id)
    async with world.database.write() as session:
        patch = SweepPatch(clusters=["local", "east"])
        await change_sweep(session, world.clusters, sweep_id, patch, None, world.clock())
    await set_draining(world, "local", is_draining=True)
    await reconcile_for(world, 3)
    assert (await runner.report()).drain
    await runner.report(lost=[lost("t1")])
    world.cluster.becomes(runner.opened.submission_id, JobState.SUCCEEDED)
    on_east = await submitted_runner(world, sweep_id)
    await run_to_the_end(on_east)
    east.becomes(on_east.opened.submission_id, JobState.SUCCEEDED)
    await reconcile_for(world, 10)
    assert await state_of(world, sweep_id) is SweepState.SUCCEEDED
    trials = await world.trials(sweep_id)
    assert {trial.outcome for trial in trials} == {Outcome.COMPLETED}
    assert [trial.losses for trial in trials] == [0] * 4, "a trial that is wanted back counts as no loss"
    assert max(trial.attempts for trial in trials) == 2
    assert [row.state for row in await runner_rows(world, sweep_id)] == [RunnerState.FINISHED] * 2, "nobody was fenced"
    assert (len(world.cluster.jobs), len(east.jobs)) == (1, 1)


async def test_sweep_without_another_cluster_waits_and_says_why_until_the_cluster_is_open_again(
    world: World, east: FakeClusterClient
) -> None:
    sweep_id = await sweep_on(world, "east")
    await set_draining(world, "east", is_draining=True)
    await reconcile_for(world, 3)
    sweep = await world.sweep(sweep_id)
    assert (sweep.state, sweep.state_reason) == (SweepState.RUNNING, "no runner on cluster east: it is drained")
    assert len(east.jobs) == 1
    await set_draining(world, "east", is_draining=False)
    await reconcile_for(world, 3)
    assert (len(east.jobs), (await world.sweep(sweep_id)).state_reason) == (2, None)


async def test_sweep_that_names_only_drained_clusters_is_taken_and_waits(world: World, east: FakeClusterClient) -> None:
    await set_draining(world, "east", is_draining=True)
    sweep_id = await sweep_on(world, "east")
    sweep = await world.sweep(sweep_id)
    assert (sweep.state, sweep.state_reason) == (SweepState.QUEUED, "no runner on cluster east: it is drained")
    assert east.jobs == {}


@pytest.mark.usefixtures("east")
async def test_sweep_that_leaves_the_drained_cluster_waits_for_it_no_more(world: World) -> None:
    await set_draining(world, "east", is_draining=True)
    sweep_id = await sweep_on(world, "east", "local")
    assert (await world.sweep(sweep_id)).state_reason == "no runner on cluster east: it is drained"
    async with world.database.write() as session:
        patch = SweepPatch(clusters=["local"])
        await change_sweep(session, world.clusters, sweep_id, patch, None, world.clock())
    await reconcile_for(world, 3)
    assert (await world.sweep(sweep_id)).state_reason is None


async def test_drained_cluster_says_when_nothing_runs_there_any_more(world: World, east: FakeClusterClient) -> None:
    sweep_id = await sweep_on(world, "local")
    runner = await runner_with_a_trial(world, sweep_id)
    await set_draining(world, "local", is_draining=True)
    await reconcile_for(world, 3)
    view = await view_of(world, "local")
    assert (view.is_draining, view.live_runners, view.running_trials, view.open_jobs) == (True, 1, 1, 1)
    await runner.report(lost=[lost("t1")])
    view = await view_of(world, "local")
    assert (view.live_runners, view.running_trials, view.open_jobs) == (0, 0, 1), "its job may still run"
    world.cluster.becomes(runner.opened.submission_id, JobState.SUCCEEDED)
    await reconcile_for(world, 3)
    assert (await view_of(world, "local")).open_jobs == 0
    async with world.database.write() as session:
        await delete_cluster(session, "local", if_match=None)


async def test_runner_whose_cluster_is_drained_before_it_has_asked_gets_no_trial(
    world: World, east: FakeClusterClient
) -> None:
    sweep_id = await sweep_on(world, "local")
    await set_draining(world, "local", is_draining=True)
    await reconcile_for(world, 3)
    runner = await submitted_runner(world, sweep_id)
    assert (await runner.ask("t1")).kind == "finished"
    world.cluster.becomes(runner.opened.submission_id, JobState.SUCCEEDED)
    await reconcile_for(world, 3)
    assert (await view_of(world, "local")).open_jobs == 0
    assert len(world.cluster.jobs) == 1


async def test_cluster_that_is_drained_while_a_step_is_on_its_way_gets_no_runner(
    world: World, east: FakeClusterClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep_id = await world.create(small_spec(clusters=["east"]))
    await set_draining(world, "east", is_draining=True)

    async def nobody(*_: object) -> frozenset[str]:
        return frozenset()

    monkeypatch.setattr(clusters, "draining", nobody)  # what the step has seen before
    await reconcile_for(world, 3)
    assert (east.jobs, await runner_rows(world, sweep_id)) == ({}, [])


@pytest.mark.usefixtures("east")
async def test_own_workers_are_left_alone(world: World) -> None:
    sweep_id = await sweep_on(world, "local")
    worker = await world.join(sweep_id)
    await set_draining(world, "local", is_draining=True)
    await reconcile_for(world, 3)
    await worker.take("t1")
    assert not (await worker.report()).drain


@pytest.mark.usefixtures("east")
async def test_queued_sweep_that_a_worker_did_as_a_whole_between_two_looks_succeeds(world: World) -> None:
    await set_draining(world, "local", is_draining=True)
    sweep_id = await sweep_on(world, "local")
    await run_to_the_end(await world.join(sweep_id))
    await reconcile_for(world, 5)
    assert await state_of(world, sweep_id) is SweepState.SUCCEEDED
