"""Jobs of ours that the ledger has no use for are stopped; those of others are left alone."""

import logging
from collections.abc import Mapping

import pytest
from fakes.ledger import World

from service.clusters.protocol import JobState, JobSubmission
from service.db import runners
from service.db.instance import instance_id
from service.ledger.orphans import GRACE_SECONDS
from service.lifecycle import RunnerState
from service.reconciler.claim import Tools
from service.reconciler.loop import take_due_step
from service.reconciler.orphans import stop_orphans


def tools(world: World) -> Tools:
    return Tools(world.settings, world.database, world.clusters, world.clock)


async def run_job(world: World, name: str, metadata: Mapping[str, str]) -> None:
    """A job that runs on the cluster."""
    await world.cluster.submit(JobSubmission(name, "python -m trainers.runner", {}, metadata))
    world.cluster.becomes(name, JobState.RUNNING)


async def service_id(world: World) -> str:
    async with world.database.read() as session:
        return await instance_id(session)


async def submitted(world: World) -> str:
    """Id of the job that the reconciler has submitted for a new sweep; it runs."""
    await world.create()
    while await take_due_step(tools(world), "worker", world.clock()):
        pass
    (name,) = world.cluster.jobs
    world.cluster.becomes(name, JobState.RUNNING)
    return name


async def move_runner(world: World, state: RunnerState) -> None:
    """Puts the only runner of the world into a state."""
    (job,) = world.cluster.jobs.values()
    async with world.database.write() as session:
        row = await runners.find(session, job.metadata["supsweep_runner"], lock=True)
        assert row is not None
        row.state, row.ended_at = state, world.clock()


async def test_a_job_whose_runner_is_unknown_is_stopped_and_told_of(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await run_job(world, "job-1", {"supsweep_service": await service_id(world), "supsweep_runner": "gone-1"})
    with caplog.at_level(logging.WARNING):
        await stop_orphans(tools(world), "local")
    assert world.cluster.states["job-1"] is JobState.STOPPED
    (line,) = [record for record in caplog.records if record.message == "orphan stopped"]
    fields = vars(line)
    assert (fields["cluster"], fields["job"]) == ("local", "job-1")
    assert fields["reason"] == "the ledger has no runner for it"


async def test_jobs_of_others_are_left_alone(world: World) -> None:
    await run_job(world, "other-service", {"supsweep_service": "another", "supsweep_runner": "gone-1"})
    await run_job(world, "old-release", {"supsweep_runner": "gone-1"})
    await run_job(world, "somebodys", {})
    await stop_orphans(tools(world), "local")
    assert set(world.cluster.states.values()) == {JobState.RUNNING}


async def test_the_job_of_a_believed_runner_runs_on(world: World) -> None:
    job = await submitted(world)
    world.clock.turn(10 * GRACE_SECONDS)
    await stop_orphans(tools(world), "local")
    assert world.cluster.states[job] is JobState.RUNNING


async def test_a_job_of_a_runner_whose_id_was_given_again_is_stopped(world: World) -> None:
    """A ledger that was restored from a backup counts its runners from there on."""
    job = await submitted(world)
    await run_job(world, "before-the-restore", world.cluster.jobs[job].metadata)
    await stop_orphans(tools(world), "local")
    assert world.cluster.states == {job: JobState.RUNNING, "before-the-restore": JobState.STOPPED}


@pytest.mark.parametrize("state", [RunnerState.FENCED, RunnerState.FINISHED])
async def test_a_runner_that_has_ended_may_end_by_itself_for_a_while(world: World, state: RunnerState) -> None:
    job = await submitted(world)
    await move_runner(world, state)
    await stop_orphans(tools(world), "local")
    assert world.cluster.states[job] is JobState.RUNNING
    world.clock.turn(GRACE_SECONDS)
    await stop_orphans(tools(world), "local")
    assert world.cluster.states[job] is JobState.STOPPED


async def test_a_job_that_is_over_is_not_stopped_again(world: World, caplog: pytest.LogCaptureFixture) -> None:
    await run_job(world, "job-1", {"supsweep_service": await service_id(world), "supsweep_runner": "gone-1"})
    world.cluster.becomes("job-1", JobState.FAILED)
    await stop_orphans(tools(world), "local")
    assert world.cluster.states["job-1"] is JobState.FAILED
    assert "orphan" not in caplog.text


async def test_a_runner_that_ended_ahead_of_our_clock_gets_no_grace(world: World) -> None:
    job = await submitted(world)
    await move_runner(world, RunnerState.FENCED)
    world.clock.turn(-3600)
    await stop_orphans(tools(world), "local")
    assert world.cluster.states[job] is JobState.STOPPED
