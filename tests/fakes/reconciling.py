"""The reconciler by hand: a clock that is turned second by second, and runners that their jobs would start."""

from fakes.ledger import RunnerDouble, World, completed

from search_spaces.runner_protocol import Finished, RunnerBrief
from service.clusters.protocol import JobState
from service.db import runners
from service.db.runners import RunnerRow
from service.ledger.runners import OpenedRunner
from service.lifecycle import SweepState
from service.reconciler.claim import Tools
from service.reconciler.loop import take_due_step


async def reconcile_for(world: World, seconds: float = 0.0, *, every_seconds: int = 1) -> None:
    """Turns the clock by so much at a time and takes every step that is due: a service that is busy looks seldom."""
    tools = Tools(world.settings, world.database, world.clusters, world.clock)
    for _ in range(0, int(seconds) + 1, every_seconds):
        while await take_due_step(tools, "worker", world.clock()):
            pass
        world.clock.turn(every_seconds)


async def runner_rows(world: World, sweep_id: str) -> list[RunnerRow]:
    async with world.database.read() as session:
        return list(await runners.of_sweep(session, sweep_id))


async def submitted_runner(world: World, sweep_id: str) -> RunnerDouble:
    """The runner of the newest job, as its cluster would start it."""
    row = (await runner_rows(world, sweep_id))[-1]
    cluster = world.other_clusters.get(row.cluster, world.cluster)
    job = cluster.jobs[row.submission_id]
    brief = RunnerBrief.model_validate_json(job.environment["SUPSWEEP_RUNNER"])
    token = job.environment["SUPSWEEP_RUNNER_TOKEN"]
    cluster.becomes(row.submission_id, JobState.RUNNING)
    return RunnerDouble(world, OpenedRunner(brief.runner_id, row.submission_id, token))


async def run_to_the_end(runner: RunnerDouble) -> None:
    """Everything a good runner does, its job's end included."""
    index = 0
    while not isinstance(await runner.ask(f"good{index}"), Finished):
        await runner.report(outcomes=[completed(f"good{index}", score=0.8 + index / 100)])
        index += 1
    runner.world.cluster.becomes(runner.opened.submission_id, JobState.SUCCEEDED)


async def state_of(world: World, sweep_id: str) -> SweepState:
    return (await world.sweep(sweep_id)).state
