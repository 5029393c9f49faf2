"""The projector shows the ledger, from where it stopped, however often the tracking server was away."""

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fakes.ledger import World, completed, lost, step
from fakes.tracking import FakeTrackingStore, ShownRun, project_all, project_once, projection_of

from search_spaces.outcomes import Outcome
from search_spaces.runner_protocol import TrialEnding
from service.db import events, projections, runners, sweeps, trials
from service.db.claims import CLAIM_SECONDS
from service.db.clusters import ClusterRow
from service.db.projections import ProjectionRow
from service.db.reports import ReportRow
from service.db.sweeps import SweepRow
from service.ledger.sweeps import move
from service.lifecycle import SweepState, TrialState
from service.operations.mlflow_views import ask_for_new_view
from service.tracking import projector
from service.tracking.projector import LONGEST_RETRY_SECONDS, RETRY_SECONDS, project_next_batch
from service.tracking.protocol import TrackingRefused, TrackingUnavailable


@pytest.fixture
def store() -> FakeTrackingStore:
    """A tracking server in memory."""
    return FakeTrackingStore()


async def cursor_of(world: World, sweep_id: str) -> ProjectionRow:
    async with world.database.read() as session:
        shown = await projections.find(session, sweep_id)
    assert shown is not None
    return shown


async def events_behind(world: World, sweep_id: str) -> int:
    return (await world.sweep(sweep_id)).event_count - (await cursor_of(world, sweep_id)).sequence


@asynccontextmanager
async def changing(world: World, sweep_id: str) -> AsyncIterator[tuple[Any, SweepRow]]:
    """A transaction in which the sweep is locked."""
    async with world.database.write() as session:
        sweep = await sweeps.find(session, sweep_id, lock=True)
        assert sweep is not None
        yield session, sweep


async def make_stale(world: World, sweep_id: str) -> None:
    async with world.database.write() as session:
        cursor = await projections.find(session, sweep_id, lock=True)
        assert cursor is not None
        cursor.is_stale, cursor.sequence = True, 0


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


async def test_sweep_and_its_started_trials_are_shown(world: World, store: FakeTrackingStore) -> None:
    sweep_id = await started_sweep(world)
    await project_all(world, store)
    shown = store.trial_runs(sweep_id)
    assert set(shown) == {0, 1}
    assert (shown[0].status, shown[0].tags["supsweep.outcome"]) == ("FINISHED", "completed")
    assert store.runs[shown[0].parent_id or ""] is store.sweep_run(sweep_id)
    assert [(at, value) for at, value, _ in shown[0].metrics["train_loss"]] == [(1, 1.0), (2, 1.0)]
    assert shown[1].status == "RUNNING"
    assert await events_behind(world, sweep_id) == 0


async def test_spec_and_environment_are_stored_and_follow_the_sweep(world: World, store: FakeTrackingStore) -> None:
    sweep_id = await started_sweep(world)
    await project_all(world, store)
    spec = (await world.sweep(sweep_id)).spec
    files = store.sweep_run(sweep_id).files
    assert json.loads(files["spec.json"]) == spec.model_dump(mode="json")
    assert "optuna" in json.loads(files["environment.json"])["packages"]
    async with changing(world, sweep_id) as (session, sweep):
        sweep.spec_document = {**sweep.spec_document, "labels": {"team": "vision"}}
        await events.append(session, sweep_id, "sweep.patched", world.clock())
    await project_all(world, store)
    assert json.loads(store.sweep_run(sweep_id).files["spec.json"])["labels"] == {"team": "vision"}
    assert store.sweep_run(sweep_id).tags["label.team"] == "vision"


async def test_a_trial_is_linked_to_its_job(world: World, store: FakeTrackingStore) -> None:
    async with world.database.write() as session:
        row = ClusterRow(
            name="local",
            address="http://ada:pw@ray:8265/",
            labels={},
            created_at=world.clock(),
            check_due_at=world.clock(),
            orphans_due_at=world.clock(),
        )
        await session.merge(row)
    sweep_id = await started_sweep(world)
    await project_all(world, store)
    tags = store.trial_runs(sweep_id)[0].tags
    async with world.database.read() as session:
        (runner,) = await runners.of_sweep(session, sweep_id)
    assert (tags["supsweep.cluster"], tags["supsweep.job"]) == ("local", runner.submission_id)
    assert f"(http://ray:8265/#/jobs/{runner.submission_id}" in tags["mlflow.note.content"]


async def test_nothing_doubles_when_everything_is_shown_again(world: World, store: FakeTrackingStore) -> None:
    sweep_id = await started_sweep(world)
    await project_all(world, store)
    shown_once = copy.deepcopy(store.runs)
    async with world.database.write() as session:
        cursor = await projections.find(session, sweep_id, lock=True)
        assert cursor is not None
        cursor.sequence = 0
    await project_all(world, store)
    assert store.runs == shown_once


@pytest.mark.parametrize("calls", range(1, 8))
async def test_nothing_doubles_when_the_projector_dies_after_any_call(
    world: World, store: FakeTrackingStore, calls: int
) -> None:
    sweep_id = await started_sweep(world)
    whole = FakeTrackingStore()
    await project_all(copy.copy(world), whole)
    expected = whole.calls
    async with world.database.write() as session:
        cursor = await projections.find(session, sweep_id, lock=True)
        assert cursor is not None
        cursor.sequence, cursor.run_id, cursor.experiment_id = 0, None, None
        await projections.forget_mlflow_runs(session, sweep_id)

    class Killed(BaseException):
        pass

    answer = store._answer

    def die() -> None:
        answer()
        if store.calls == calls:
            raise Killed

    store._answer = die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        await project_once(world, store)
    assert calls < expected
    world.clock.turn(CLAIM_SECONDS + 1)
    await project_all(world, store)
    assert _content(store, sweep_id) == _content(whole, sweep_id)


def _content(store: FakeTrackingStore, sweep_id: str) -> list[tuple[dict[str, str], dict[str, str], Any, str]]:
    runs = [store.sweep_run(sweep_id), *store.trial_runs(sweep_id).values()]
    return [(run.parameters, run.tags, run.metrics, run.status) for run in runs]


async def test_outage_costs_nothing_but_delay(world: World, store: FakeTrackingStore) -> None:
    sweep_id = await started_sweep(world)
    store.fails_with = TrackingUnavailable("away")
    with pytest.raises(TrackingUnavailable):
        await project_next_batch(projection_of(world, store), "worker")
    assert await events_behind(world, sweep_id) > 0
    assert (await cursor_of(world, sweep_id)).problem == "away"
    store.fails_with = None
    await project_all(world, store)
    assert await events_behind(world, sweep_id) > 0, "it must not hammer a server that has just failed"
    world.clock.turn(2 * RETRY_SECONDS)
    await project_all(world, store)
    assert await events_behind(world, sweep_id) == 0
    assert (await cursor_of(world, sweep_id)).problem is None
    assert store.trial_runs(sweep_id)[0].status == "FINISHED"


async def test_each_further_failure_is_waited_for_longer(world: World, store: FakeTrackingStore) -> None:
    sweep_id = await started_sweep(world)
    store.fails_with = TrackingUnavailable("away")
    waits = []
    for _ in range(10):
        assert await project_once(world, store)
        until = (await cursor_of(world, sweep_id)).claimed_until
        assert until is not None
        waits.append((until - world.clock()).total_seconds())
        world.clock.turn(waits[-1])
    for failures, wait in enumerate(waits):
        least = min(RETRY_SECONDS * 2**failures, LONGEST_RETRY_SECONDS)
        assert least <= wait <= 1.5 * least
    assert len(set(waits)) == len(waits), "without jitter"


@pytest.mark.parametrize("error", [TrackingRefused("no"), RuntimeError("a bug")])
async def test_a_sweep_that_cannot_be_shown_holds_up_no_other(
    world: World, store: FakeTrackingStore, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused, fine = await started_sweep(world), await started_sweep(world)

    def refuse(run: ShownRun) -> bool:
        if run.tags["supsweep.sweep_id"] == refused:
            raise error
        return False

    monkeypatch.setattr(store, "refuses", refuse)
    await project_all(world, store)
    assert await events_behind(world, fine) == 0
    assert await events_behind(world, refused) > 0
    problem = (await cursor_of(world, refused)).problem
    assert problem is not None
    assert str(error) in problem


async def test_finished_sweep_ends_its_run(world: World, store: FakeTrackingStore) -> None:
    sweep_id = await started_sweep(world)
    await _cancel(world, sweep_id)
    await project_all(world, store)
    assert store.sweep_run(sweep_id).status == "KILLED"
    shown = store.trial_runs(sweep_id)
    assert {run.tags["supsweep.outcome"] for run in shown.values()} == {"completed", "cancelled"}
    assert len(shown) == 4


async def _cancel(world: World, sweep_id: str) -> None:
    await world.cancel(sweep_id)
    async with changing(world, sweep_id) as (session, sweep):
        await move(session, sweep, SweepState.CANCELLED, world.clock())


async def _succeed(world: World, sweep_id: str, report: str) -> None:
    async with changing(world, sweep_id) as (session, sweep):
        for state in (SweepState.RUNNING, SweepState.ANALYSING, SweepState.SUCCEEDED):
            await move(session, sweep, state, world.clock())
        words = {"json": report, "markdown": report, "html": report}
        await session.merge(ReportRow(sweep_id=sweep_id, **words, created_at=world.clock()))


async def test_the_report_and_its_figures_are_stored(world: World, store: FakeTrackingStore) -> None:
    sweep_id = await started_sweep(world)
    await _succeed(world, sweep_id, "first")
    await project_all(world, store)
    run = store.sweep_run(sweep_id)
    assert run.status == "FINISHED"
    names = ("report/report.json", "report/report.md", "report/report.html", "report/figures/cost.json")
    assert [run.files[name] for name in names] == ["first"] * 4


async def test_a_sweep_that_is_opened_again_runs_on_and_its_report_is_replaced(
    world: World, store: FakeTrackingStore
) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t1")
    ending = TrialEnding(
        tune_trial_id="t1", outcome=Outcome.FAILED, reason="a bug", attempt_device_seconds=1.0, facts={"device": "cpu"}
    )
    await runner.report(results=[step("t1", 1)], outcomes=[ending])
    await _succeed(world, sweep_id, "first")
    await project_all(world, store)
    assert store.trial_runs(sweep_id)[0].status == "FAILED"
    async with changing(world, sweep_id) as (session, sweep):
        (trial,) = await trials.numbered(session, sweep_id, [0])
        # As the ledger takes an outcome back.
        trial.state, trial.outcome, trial.reason, trial.ended_at = TrialState.PLANNED, None, None, None
        trial.scores, trial.score = {}, None
        await events.append(session, sweep_id, "trial.retried", world.clock(), number=0, outcome="failed")
        await move(session, sweep, SweepState.QUEUED, world.clock())
    await project_all(world, store)
    assert store.sweep_run(sweep_id).status == "SCHEDULED"
    assert (store.trial_runs(sweep_id)[0].status, store.trial_runs(sweep_id)[0].tags["supsweep.outcome"]) == (
        "SCHEDULED",
        "",
    )
    again = await world.open_runner(sweep_id)
    await again.take("t1")
    world.clock.turn(5)
    await again.report(results=[step("t1", 1), step("t1", 2)], outcomes=[completed("t1")])
    await _succeed(world, sweep_id, "second")
    await project_all(world, store)
    run = store.trial_runs(sweep_id)[0]
    assert (run.status, run.tags["supsweep.outcome"], run.tags["supsweep.reason"]) == ("FINISHED", "completed", "")
    assert [at for at, _, _ in run.metrics["train_loss"]] == [1, 2]
    assert store.sweep_run(sweep_id).files["report/report.md"] == "second"


async def test_a_paused_sweep_is_shown_as_waiting(world: World, store: FakeTrackingStore) -> None:
    sweep_id = await started_sweep(world)
    async with changing(world, sweep_id) as (session, sweep):
        await move(session, sweep, SweepState.PAUSED, world.clock())
    await project_all(world, store)
    run = store.sweep_run(sweep_id)
    assert (run.status, run.tags["supsweep.state"]) == ("SCHEDULED", "paused")


async def test_a_stale_view_is_made_anew(world: World, store: FakeTrackingStore) -> None:
    sweep_id = await started_sweep(world)
    await project_all(world, store)
    before, content = set(store.runs), copy.deepcopy(_content(store, sweep_id))
    store.sweep_run(sweep_id).tags["supsweep.state"] = "scribbled over"
    await make_stale(world, sweep_id)
    await project_all(world, store)
    assert not before & set(store.runs)
    assert _content(store, sweep_id) == content
    assert not (await cursor_of(world, sweep_id)).is_stale


async def test_a_new_view_that_is_asked_for_in_the_middle_of_a_batch_is_made(
    world: World, store: FakeTrackingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep_id = await started_sweep(world)
    show_sweep, loop = store.show_sweep, asyncio.get_running_loop()

    def late(*call: Any) -> None:
        show_sweep(*call)
        asyncio.run_coroutine_threadsafe(make_stale(world, sweep_id), loop).result(10)

    with monkeypatch.context() as patch:
        patch.setattr(store, "show_sweep", late)
        assert await project_once(world, store)
    before = set(store.runs)
    assert await events_behind(world, sweep_id) == (await world.sweep(sweep_id)).event_count
    await project_all(world, store)
    assert not before & set(store.runs)
    assert len(store.trial_runs(sweep_id)) == 2


async def test_a_large_view_is_cleared_in_several_turns(
    world: World, store: FakeTrackingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector, "CLEARED_RUNS", 2)
    sweep_id = await started_sweep(world)
    await project_all(world, store)
    content = copy.deepcopy(_content(store, sweep_id))
    await make_stale(world, sweep_id)
    assert await project_once(world, store)
    assert len(store.runs) == 1
    await project_all(world, store)
    assert _content(store, sweep_id) == content


async def test_making_anew_goes_on_after_an_outage(world: World, store: FakeTrackingStore) -> None:
    sweep_id = await started_sweep(world)
    await project_all(world, store)
    content = copy.deepcopy(_content(store, sweep_id))
    await make_stale(world, sweep_id)
    store.fails_with = TrackingUnavailable("away")
    await project_all(world, store)
    assert (await cursor_of(world, sweep_id)).is_stale
    store.fails_with = None
    world.clock.turn(2 * RETRY_SECONDS)
    await project_all(world, store)
    assert _content(store, sweep_id) == content


def _lose_everything(store: FakeTrackingStore, sweep_id: str) -> None:
    store.runs.clear()


def _lose_the_sweep(store: FakeTrackingStore, sweep_id: str) -> None:
    store.runs = {run_id: run for run_id, run in store.runs.items() if run is not store.sweep_run(sweep_id)}


def _lose_the_running_trial(store: FakeTrackingStore, sweep_id: str) -> None:
    store.runs = {run_id: run for run_id, run in store.runs.items() if run is not store.trial_runs(sweep_id)[1]}


@pytest.mark.parametrize("lose", [_lose_everything, _lose_the_sweep, _lose_the_running_trial])
async def test_what_vanished_in_mlflow_is_shown_anew_with_the_next_event(
    world: World, store: FakeTrackingStore, lose: Callable[[FakeTrackingStore, str], None]
) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    for name in ("t1", "t2"):
        await runner.take(name)
    await runner.report(results=[step("t1", 1), step("t2", 1)], outcomes=[completed("t1")])
    await project_all(world, store)
    lose(store, sweep_id)
    await runner.report(results=[step("t2", 2)])
    for _ in range(3):
        await project_all(world, store)
        world.clock.turn(4 * RETRY_SECONDS)
    shown = store.trial_runs(sweep_id)
    assert await events_behind(world, sweep_id) == 0
    assert [len(shown[number].metrics["train_loss"]) for number in (0, 1)] == [1, 2]
    assert (shown[0].status, shown[1].status) == ("FINISHED", "RUNNING")


async def test_batch_that_another_worker_has_claimed_is_left_alone(world: World, store: FakeTrackingStore) -> None:
    sweep_id = await started_sweep(world)
    now = world.clock()
    async with world.database.write() as session:
        assert await projections.claim_behind(session, "other", now=now, until=now.replace(year=2027))
    assert not await project_once(world, store)
    assert await events_behind(world, sweep_id) > 0


async def test_whoever_lost_the_claim_moves_no_cursor(world: World, store: FakeTrackingStore) -> None:
    sweep_id = await started_sweep(world)
    show_sweep, loop = store.show_sweep, asyncio.get_running_loop()

    async def take_over() -> None:
        async with world.database.write() as session:
            cursor = await projections.find(session, sweep_id, lock=True)
            assert cursor is not None
            cursor.claimed_by = "other"

    def late(*call: Any) -> None:
        show_sweep(*call)
        asyncio.run_coroutine_threadsafe(take_over(), loop).result(10)

    store.show_sweep = late  # type: ignore[method-assign]
    assert await project_once(world, store)
    cursor = await cursor_of(world, sweep_id)
    assert (cursor.sequence, cursor.claimed_by, cursor.run_id) == (0, "other", None)


async def test_a_claim_is_renewed_while_a_batch_takes_long(
    world: World, store: FakeTrackingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.db.claims.CLAIM_SECONDS", 0.03)
    sweep_id = await started_sweep(world)
    show_sweep, loop = store.show_sweep, asyncio.get_running_loop()
    seen: list[Any] = []

    async def wait_for_renewal() -> None:
        first = (await cursor_of(world, sweep_id)).claimed_until
        world.clock.turn(1)
        while (now := (await cursor_of(world, sweep_id)).claimed_until) == first:
            await asyncio.sleep(0.01)
        seen.append(now)

    def slow(*call: Any) -> None:
        asyncio.run_coroutine_threadsafe(wait_for_renewal(), loop).result(10)
        show_sweep(*call)

    store.show_sweep = slow  # type: ignore[method-assign]
    await project_all(world, store)
    assert seen
    assert await events_behind(world, sweep_id) == 0


async def test_a_batch_tells_of_no_more_trials_than_it_may(
    world: World, store: FakeTrackingStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.tracking.batch.BATCH_TRIALS", 3)
    sweep_id = await world.create()
    await _cancel(world, sweep_id)
    assert await project_once(world, store)
    assert len(store.trial_runs(sweep_id)) == 3
    await project_all(world, store)
    assert len(store.trial_runs(sweep_id)) == 4
    assert store.sweep_run(sweep_id).status == "KILLED"


async def test_a_sweep_that_was_deleted_meanwhile_is_no_problem(world: World, store: FakeTrackingStore) -> None:
    sweep_id = await started_sweep(world)
    claim = projections.claim_behind

    async def claim_and_delete(session: Any, *words: Any, **names: Any) -> Any:
        claimed = await claim(session, *words, **names)
        row = await sweeps.find(session, sweep_id)
        if row is not None:
            await session.delete(row)
        return claimed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projector.projections, "claim_behind", claim_and_delete)
        assert await project_once(world, store)
    assert not await project_once(world, store)
    assert store.runs == {}


async def test_projector_gets_on_with_each_trial_and_with_each_run_that_it_deletes(
    world: World, store: FakeTrackingStore
) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    for name in ("t1", "t2"):
        await runner.take(name)
    noted: list[int] = []
    projection = projection_of(world, store)
    await project_next_batch(projection, "worker", lambda: noted.append(1))
    assert len(noted) == 2
    async with world.database.write() as session:
        await ask_for_new_view(session, sweep_id)
    noted.clear()
    await project_next_batch(projection, "worker", lambda: noted.append(1))
    assert len(noted) == 3, "two trials and their sweep"
