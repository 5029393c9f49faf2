"""What an owner does while a step is under way wins: the step was decided on a sweep that is another one now."""

from collections.abc import Awaitable, Callable

import pytest
from fakes.clusters import FakeClusterClient
from fakes.ledger import World, completed, small_spec, step
from fakes.reconciling import runner_rows, submitted_runner

from search_spaces.runner_protocol import Finished
from service.clusters.protocol import JobState, JobSubmission
from service.db import runners, sweeps
from service.errors import DatabaseUnavailable
from service.lifecycle import RunnerState, SweepState
from service.operations.steering import extend_sweep
from service.reconciler import running
from service.reconciler.claim import Claim, Overtaken, Tools
from service.reconciler.loop import take_due_step
from service.schemas.steering import ExtendRequest


class BusyCluster(FakeClusterClient):
    """Something happens while it takes a job."""

    def __init__(self, meanwhile: Callable[[], Awaitable[None]]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    async def submit(self, job: JobSubmission) -> None:
        await super().submit(job)
        await self._meanwhile()


class GossipingCluster(FakeClusterClient):
    """Says that every job has failed; something happens while it is asked."""

    def __init__(self, meanwhile: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self._meanwhile = meanwhile

    async def state(self, submission_id: str) -> JobState | None:
        await self._meanwhile()
        return JobState.FAILED


def tools_of(world: World) -> Tools:
    return Tools(world.settings, world.database, world.clusters, world.clock)


async def claim_of(world: World) -> Claim:
    """A claim on the sweep that is due."""
    now = world.clock()
    async with world.database.write() as session:
        sweep = await sweeps.claim_due(session, "worker", now=now, until=now.replace(year=2027))
    assert sweep is not None
    return Claim(tools_of(world), sweep.id, "worker", sweep.generation, now, now)


async def test_sweep_that_is_cancelled_while_its_runner_is_submitted_stays_so(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    sweep_id = await world.create()
    world.cluster = BusyCluster(lambda: world.cancel(sweep_id))
    assert await take_due_step(tools_of(world), "worker", world.clock())
    sweep = await world.sweep(sweep_id)
    assert (sweep.state, sweep.claimed_by) == (SweepState.CANCELLING, None)
    assert sweep.due_at <= world.clock(), "it must be looked at again at once"
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_runner_that_is_heard_while_its_cluster_calls_it_dead_is_not_fenced(world: World) -> None:
    sweep_id = await world.create()
    assert await take_due_step(tools_of(world), "worker", world.clock())
    runner = await submitted_runner(world, sweep_id)
    await runner.take("t1")
    world.clock.turn(3 * world.settings.heartbeat_seconds)
    world.cluster = GossipingCluster(lambda: runner.report(results=[step("t1", 1)]))
    assert await take_due_step(tools_of(world), "worker", world.clock())
    (row,) = await runner_rows(world, sweep_id)
    assert row.state is RunnerState.LIVE


async def test_database_that_goes_away_during_a_step_is_no_bug(world: World, caplog: pytest.LogCaptureFixture) -> None:
    async def loses_database() -> None:
        raise DatabaseUnavailable("the database does not answer: it was killed")

    await world.create()
    world.cluster = BusyCluster(loses_database)
    with pytest.raises(DatabaseUnavailable):
        await take_due_step(tools_of(world), "worker", world.clock())
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_runner_is_not_opened_for_a_sweep_that_was_paused_meanwhile(world: World) -> None:
    world.other_clusters["first"] = BusyCluster(lambda: world.pause(sweep_id))
    world.other_clusters["second"] = FakeClusterClient()
    sweep_id = await world.create(small_spec(clusters=["first", "second"]))
    assert await take_due_step(tools_of(world), "worker", world.clock())
    async with world.database.read() as session:
        rows = await runners.of_sweep(session, sweep_id)
    assert [(row.cluster, row.is_draining) for row in rows] == [("first", True)]
    assert (await world.sweep(sweep_id)).state is SweepState.PAUSED


async def test_sweep_that_grows_when_all_its_trials_have_ended_is_not_analysed_without_the_new_ones(
    world: World,
) -> None:
    sweep_id = await world.create()
    assert await take_due_step(tools_of(world), "worker", world.clock())
    runner = await world.open_runner(sweep_id)
    for index in range(4):
        await runner.take(f"t{index}")
        await runner.report(outcomes=[completed(f"t{index}")])
    claim = await claim_of(world)
    picture = await claim.picture()
    await extend_sweep(world.database, sweep_id, ExtendRequest(configurations=3), None, world.clock())
    with pytest.raises(Overtaken):
        await running.step(claim, picture)
    assert (await world.sweep(sweep_id)).state is SweepState.RUNNING
    assert not isinstance(await runner.ask("t4"), Finished)


async def test_facts_are_written_whatever_the_owner_did_meanwhile(world: World) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    claim = await claim_of(world)
    await world.pause(sweep_id)
    async with claim.write() as (session, _sweep):
        row = await runners.find(session, runner.opened.runner_id, lock=True)
        assert row is not None
        row.state = RunnerState.FINISHED
    with pytest.raises(Overtaken):
        async with claim.decide():
            raise AssertionError("never reached")
