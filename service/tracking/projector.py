"""Shows the ledger in MLflow: event by event, in batches, from a cursor that survives any crash.

The cursor moves only after the store has taken a batch, and every call of the store may be repeated, so a
crash shows nothing twice and an outage of MLflow costs nothing but delay.
"""

import asyncio
import logging
import random
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.db import events, projections, reports, sweeps, trials
from service.db.claims import CLAIM_SECONDS, renewed
from service.db.database import Database
from service.db.events import EventRow
from service.db.reports import ReportRow
from service.db.sweeps import SweepRow
from service.db.trials import TrialRow
from service.errors import SweepServiceError
from service.lifecycle import FINISHED_STATES, TrialState
from service.loops import Loop
from service.tracking.protocol import SweepRun, TrackingRefused, TrackingStore, TrackingUnavailable
from service.tracking.view import StepView, SweepView, TrialView

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

BATCH_EVENTS = 200
POLL_SECONDS = 1.0
"""Long enough for the events of several epochs to come together in one batch."""
RETRY_SECONDS = 5.0
"""After an outage; half of it again at random, so that several processes do not come back together."""


@dataclass(frozen=True)
class _Batch:
    """A piece of a sweep's story, with the rows that it tells of."""

    sweep: SweepRow
    run: SweepRun | None
    events: Sequence[EventRow]
    trials: dict[int, TrialRow]
    report: ReportRow | None


async def project(database: Database, store: TrackingStore, clock: Clock, loop: Loop) -> None:
    """Shows what is new, batch by batch, until the process stops."""
    worker = secrets.token_hex(4)
    while loop.turns():
        try:
            was_behind = await project_next_batch(database, store, clock, worker)
        except (SweepServiceError, TrackingUnavailable, TrackingRefused) as error:
            log.warning("projector waits: %s", error)
            loop.waits_for(str(error))
            was_behind = False
        except Exception:  # whatever it is, the other sweeps are shown
            log.exception("projector failed")
            await loop.pause(RETRY_SECONDS)
            continue
        if not was_behind:
            await loop.pause(POLL_SECONDS)


async def project_next_batch(database: Database, store: TrackingStore, clock: Clock, worker: str) -> bool:
    """Shows the next events of one sweep that is behind. Whether there was one.

    Raises TrackingUnavailable and TrackingRefused; that sweep then waits a while, the others do not.
    """
    now = clock()
    async with database.write() as session:
        until = now + timedelta(seconds=CLAIM_SECONDS)
        claimed = await projections.claim_behind(session, worker, now=now, until=until)
    if claimed is None:
        return False
    batch = await _load(database, claimed.sweep_id)
    try:
        async with renewed(lambda: _hold(database, batch.sweep.id, worker, clock() + timedelta(seconds=CLAIM_SECONDS))):
            run, trial_runs = await asyncio.to_thread(_show, store, batch)
    except (TrackingUnavailable, TrackingRefused):
        await _hold(database, claimed.sweep_id, worker, clock() + timedelta(seconds=_retry_seconds()))
        raise
    await _apply(database, batch, run, trial_runs, worker)
    return True


async def _load(database: Database, sweep_id: str) -> _Batch:
    async with database.read() as session:
        sweep, cursor = await sweeps.find(session, sweep_id), await projections.find(session, sweep_id)
        assert sweep is not None, f"a projection without a sweep: {sweep_id}"
        assert cursor is not None, f"a claimed projection vanished: {sweep_id}"
        told = await events.after(session, sweep_id, cursor.sequence, limit=BATCH_EVENTS)
        numbers = {event.data["number"] for event in told if "number" in event.data}
        rows = await trials.numbered(session, sweep_id, numbers)
        is_last = sweep.state in FINISHED_STATES and bool(told) and told[-1].sequence == sweep.event_count
        report = await reports.find(session, sweep_id) if is_last else None
    run = SweepRun(cursor.experiment_id, cursor.run_id) if cursor.experiment_id and cursor.run_id else None
    return _Batch(sweep, run, told, {row.number: row for row in rows}, report)


def _show(store: TrackingStore, batch: _Batch) -> tuple[SweepRun, dict[int, str]]:
    """Tells the store; the sweep's run, and the runs of the trials in the batch by number."""
    view = _sweep_view(batch.sweep)
    run = batch.run or store.ensure_sweep_run(view)
    runs = {number: _show_trial(store, run, batch, row) for number, row in batch.trials.items()}
    if batch.sweep.state in FINISHED_STATES:
        if batch.report is not None:
            report = batch.report
            files = {"report.json": report.json, "report.md": report.markdown, "report.html": report.html}
            store.log_report(run, files)
        store.end_sweep(run, view)
    return run, runs


def _show_trial(store: TrackingStore, run: SweepRun, batch: _Batch, row: TrialRow) -> str:
    view = _trial_view(row)
    run_id = row.mlflow_run_id or store.ensure_trial_run(run, view)
    told = [event for event in batch.events if event.data.get("number") == row.number]
    steps = [
        StepView(event.data["step"], event.data["metrics"], _milliseconds(event.at))
        for event in told
        if event.kind == "trial.step"
    ]
    if steps:
        store.log_steps(run_id, steps)
    if row.state is TrialState.ENDED:
        store.end_trial(run_id, view)
    return run_id


async def _apply(database: Database, batch: _Batch, run: SweepRun, trial_runs: dict[int, str], worker: str) -> None:
    async with database.write() as session:
        # The sweep first, as everywhere else: its trials are about to be written.
        await sweeps.find(session, batch.sweep.id, lock=True)
        cursor = await projections.find(session, batch.sweep.id, lock=True)
        if cursor is None or cursor.claimed_by != worker:
            return
        cursor.sequence = batch.events[-1].sequence
        cursor.experiment_id, cursor.run_id = run.experiment_id, run.run_id
        cursor.claimed_by = cursor.claimed_until = None
        for row in await trials.numbered(session, batch.sweep.id, trial_runs.keys()):
            row.mlflow_run_id = trial_runs[row.number]


async def _hold(database: Database, sweep_id: str, worker: str, until: datetime) -> None:
    """Keeps the claim, if it is still ours, until then; nobody shows the sweep before."""
    async with database.write() as session:
        cursor = await projections.find(session, sweep_id, lock=True)
        if cursor is not None and cursor.claimed_by == worker:
            cursor.claimed_until = until


def _retry_seconds() -> float:
    return RETRY_SECONDS * random.uniform(1.0, 1.5)  # noqa: S311  # jitter is no secret


def _sweep_view(row: SweepRow) -> SweepView:
    return SweepView(
        id=row.id,
        spec=row.spec,
        state=row.state,
        reason=row.state_reason,
        started_at_ms=_milliseconds(row.started_at or row.created_at),
        ended_at_ms=_milliseconds(row.ended_at) if row.ended_at else None,
    )


def _trial_view(row: TrialRow) -> TrialView:
    # Every trial an event names has started, or was cancelled before it did.
    began_at = row.started_at or row.ended_at
    assert began_at is not None, f"trial {row.number} has an event and no time"
    return TrialView(
        sweep_id=row.sweep_id,
        number=row.number,
        arm=row.arm,
        point=row.point,
        replicate=row.replicate,
        config=row.config,
        outcome=row.outcome,
        reason=row.reason,
        scores=row.scores,
        facts=row.facts,
        attempts=row.attempts,
        device_seconds=row.device_seconds,
        image_passes=row.image_passes,
        started_at_ms=_milliseconds(began_at),
        ended_at_ms=_milliseconds(row.ended_at) if row.ended_at else None,
    )


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
