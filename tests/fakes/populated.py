"""A ledger with something of everything: a sweep in every state, its trials and runners, keys, webhooks."""

from dataclasses import dataclass, field

from fakes.keys import headers_of, key_id
from fakes.ledger import RunnerDouble, World, lost, step
from fakes.reconciling import reconcile_for, run_to_the_end, runner_rows, state_of, submitted_runner

from service.auth.callers import Caller
from service.auth.first_key import FIRST_OWNER
from service.clusters.protocol import JobState
from service.lifecycle import SweepState
from service.operations.webhooks import create_webhook
from service.reconciler.claim import Tools
from service.reconciler.loop import take_due_step
from service.schemas.keys import Scope
from service.schemas.webhooks import WebhookRequest


@dataclass
class Population:
    """The ids of what there is."""

    sweeps: dict[SweepState, str] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    webhooks: list[str] = field(default_factory=list)
    runners: list[RunnerDouble] = field(default_factory=list)
    """Of the sweep that is running; the first has a trial, the second was fenced."""


async def populate(world: World) -> Population:
    """Fills the world's ledger."""
    population = Population()
    for populate_state in (_cancelled, _failed, _succeeded, _paused, _running, _analysing, _cancelling, _queued):
        await populate_state(world, population)
    for state, sweep_id in population.sweeps.items():
        assert await state_of(world, sweep_id) is state
    await _keys(world, population)
    await _webhooks(world, population)
    return population


async def _cancelled(world: World, population: Population) -> None:
    sweep_id = await _started(world)
    await world.cancel(sweep_id)
    await reconcile_for(world, 30)
    population.sweeps[SweepState.CANCELLED] = sweep_id


async def _failed(world: World, population: Population) -> None:
    sweep_id = await _started(world)
    while await state_of(world, sweep_id) is not SweepState.FAILED:
        for row in await runner_rows(world, sweep_id):
            world.cluster.becomes(row.submission_id, JobState.FAILED)
        await reconcile_for(world, 10)
    population.sweeps[SweepState.FAILED] = sweep_id


async def _succeeded(world: World, population: Population) -> None:
    sweep_id = await _started(world)
    runner = await submitted_runner(world, sweep_id)
    await runner.take("first")
    await runner.report(results=[step("first", epoch) for epoch in (1, 2)])
    await runner.report(lost=[lost("first")])
    await run_to_the_end(runner)
    await reconcile_for(world, 30)
    population.sweeps[SweepState.SUCCEEDED] = sweep_id


async def _paused(world: World, population: Population) -> None:
    sweep_id = await _started(world)
    await world.pause(sweep_id)
    await reconcile_for(world, 30)
    population.sweeps[SweepState.PAUSED] = sweep_id


async def _running(world: World, population: Population) -> None:
    sweep_id = await _started(world)
    runner, fenced = await submitted_runner(world, sweep_id), await world.open_runner(sweep_id)
    await runner.take("one")
    await runner.report(results=[step("one")])
    await world.fence(fenced)
    population.runners = [runner, fenced]
    population.sweeps[SweepState.RUNNING] = sweep_id


async def _analysing(world: World, population: Population) -> None:
    """Nobody reconciles from here on."""
    sweep_id = await _started(world)
    await run_to_the_end(await submitted_runner(world, sweep_id))
    tools = Tools(world.settings, world.database, world.clusters, world.clock)
    while await state_of(world, sweep_id) is not SweepState.ANALYSING:
        world.clock.turn(1)
        await take_due_step(tools, "worker", world.clock())
    population.sweeps[SweepState.ANALYSING] = sweep_id


async def _cancelling(world: World, population: Population) -> None:
    sweep_id = await world.create()
    await world.cancel(sweep_id)
    population.sweeps[SweepState.CANCELLING] = sweep_id


async def _queued(world: World, population: Population) -> None:
    population.sweeps[SweepState.QUEUED] = await world.create()


async def _started(world: World) -> str:
    """A sweep whose job waits on the cluster."""
    sweep_id = await world.create()
    await reconcile_for(world)
    return sweep_id


async def _keys(world: World, population: Population) -> None:
    for owner, scopes in ((FIRST_OWNER, [Scope.READ]), ("somebody", [Scope.WRITE])):
        population.keys.append(key_id(await headers_of(world, owner, *scopes)))


async def _webhooks(world: World, population: Population) -> None:
    caller = Caller(FIRST_OWNER, frozenset(Scope), "key")
    request = WebhookRequest(url="http://127.0.0.1:1/hook")
    async with world.database.write() as session:
        made = await create_webhook(session, world.vault, caller, request, None, world.clock())
    population.webhooks.append(made.id)
