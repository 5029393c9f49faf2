"""The projector shows the ledger, from where it stopped, however often the tracking server was away."""

import copy

import pytest
from fakes.ledger import World, completed, lost, step
from fakes.tracking import FakeTrackingStore

from service.db import projections, sweeps
from service.ledger.sweeps import move
from service.lifecycle import SweepState
from service.tracking.projector import RETRY_SECONDS, project_next_batch
from service.tracking.protocol import TrackingUnavailable


async def project_all(world: World, store: FakeTrackingStore) -> None:
    while await project_next_batch(world.database, store, world.clock, "worker"):
        pass


async def events_behind(world: World, sweep_id: str) -> int:
    async with world.database.read() as session:
        shown = await projections.find(session, sweep_id)
    assert shown is not None
    return (await world.sweep(sweep_id)).event_count - shown.sequence


async def started_sweep(world: World) -> str:
    """A sweep with one completed trial, which was lost once, and one that runs."""
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t1")
    await runner.report(results=[step("t1", 1)], lost=[lost("t1")])
    await runner.take("t2")
    await runner.report(results=[step("t2", 2)], outcomes=[completed("t2", score=0.75)])
    await runner.take("t3")
    await runner.report(results=[step("t3", 1)])
    return sweep_id


async def test_sweep_and_its_started_trials_are_shown(world: World) -> None:
    store = FakeTrackingStore()
    sweep_id = await started_sweep(world)
    await project_all(world, store)
    assert set(store.runs) == {sweep_id, f"{sweep_id}/0", f"{sweep_id}/1"}
    done, running = store.runs[f"{sweep_id}/0"], store.runs[f"{sweep_id}/1"]
    assert (done.status, done.tags["supsweep.outcome"], done.parent_id) == ("FINISHED", "completed", sweep_id)
    assert [(at, value) for at, value, _ in done.metrics["train_loss"]] == [(1, 1.0), (2, 1.0)]
    assert running.status == "RUNNING"
    assert await events_behind(world, sweep_id) == 0


async def test_nothing_doubles_when_everything_is_shown_again(world: World) -> None:
    store = FakeTrackingStore()
    sweep_id = await started_sweep(world)
    await project_all(world, store)
    shown_once = copy.deepcopy(store.runs)
    async with world.database.write() as session:
        cursor = await projections.find(session, sweep_id, lock=True)
        assert cursor is not None
        cursor.sequence = 0
    await project_all(world, store)
    assert store.runs == shown_once


async def test_outage_costs_nothing_but_delay(world: World) -> None:
    store = FakeTrackingStore()
    sweep_id = await started_sweep(world)
    store.fails_with = TrackingUnavailable("away")
    with pytest.raises(TrackingUnavailable):
        await project_all(world, store)
    assert await events_behind(world, sweep_id) > 0
    store.fails_with = None
    await project_all(world, store)
    assert await events_behind(world, sweep_id) > 0, "it must not hammer a server that has just failed"
    world.clock.turn(2 * RETRY_SECONDS)
    await project_all(world, store)
    assert await events_behind(world, sweep_id) == 0
    assert store.runs[f"{sweep_id}/0"].status == "FINISHED"


async def test_finished_sweep_ends_its_run(world: World) -> None:
    store = FakeTrackingStore()
    sweep_id = await started_sweep(world)
    await world.cancel(sweep_id)
    async with world.database.write() as session:
        sweep = await sweeps.find(session, sweep_id, lock=True)
        assert sweep is not None
        await move(session, sweep, SweepState.CANCELLED, world.clock())
    await project_all(world, store)
    assert store.runs[sweep_id].status == "KILLED"
    assert {run.tags["supsweep.outcome"] for key, run in store.runs.items() if "/" in key} == {"completed", "cancelled"}
    assert len(store.runs) == 5


async def test_batch_that_another_worker_has_claimed_is_left_alone(world: World) -> None:
    sweep_id = await started_sweep(world)
    now = world.clock()
    async with world.database.write() as session:
        assert await projections.claim_behind(session, "other", now=now, until=now.replace(year=2027))
    assert not await project_next_batch(world.database, FakeTrackingStore(), world.clock, "worker")
    assert await events_behind(world, sweep_id) > 0
