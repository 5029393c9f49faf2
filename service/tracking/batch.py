"""A piece of a sweep's story: the next events that MLflow has not heard, with the rows that they tell of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.db import clusters, events, projections, reports, sweeps, trials
from service.db.database import Database, Session
from service.db.events import EventRow
from service.db.projections import ProjectionRow
from service.db.reports import ReportRow
from service.db.runners import RunnerRow
from service.db.sweeps import SweepRow
from service.db.trials import TrialRow
from service.lifecycle import FINISHED_STATES
from service.tracking.presentation import without_credentials
from service.tracking.protocol import SweepRun
from service.tracking.server import TrackingServer
from service.tracking.view import Place, StepView, SweepView, TrialView

BATCH_EVENTS = 2000
BATCH_TRIALS = 50
"""A batch is repeated whole when one of its requests fails, so it is not much longer than it has to be: a trial that
begins and ends in it takes three requests, whatever the number of its steps."""


@dataclass(frozen=True)
class TrialNews:
    """What there is to tell of one trial."""

    trial: TrialView
    run_id: str | None
    """The run that shows it, where the ledger knows one."""
    steps: Sequence[StepView]
    is_only_steps: bool
    """Nothing else has happened to it."""


@dataclass(frozen=True)
class Batch:
    """What there is to tell of one sweep."""

    sweep: SweepView
    run: SweepRun | None
    trials: Sequence[TrialNews]
    tells_of_sweep: bool
    """Something has happened to the sweep itself."""
    report: ReportRow | None
    """The report of a sweep that has finished."""
    last_sequence: int


async def load_batch(database: Database, server: TrackingServer, cursor: ProjectionRow) -> Batch | None:
    """The events after the cursor; None when the sweep was deleted meanwhile."""
    async with database.read() as session:
        sweep = await sweeps.find(session, cursor.sweep_id)
        if sweep is None:
            return None
        view = view_sweep(sweep, server)
        told = await _next_events(session, sweep, cursor.sequence)
        news = await _load_news(session, view, told)
        tells_of_sweep = any(event.kind.startswith("sweep.") for event in told)
        is_over = tells_of_sweep and sweep.state in FINISHED_STATES
        report = await reports.find(session, sweep.id) if is_over else None
    last_sequence = told[-1].sequence if told else cursor.sequence
    return Batch(view, known_run(cursor), news, tells_of_sweep, report, last_sequence)


def known_run(cursor: ProjectionRow) -> SweepRun | None:
    """The run that shows the sweep, where the ledger knows one."""
    if cursor.experiment_id is None or cursor.run_id is None:
        return None
    return SweepRun(cursor.experiment_id, cursor.run_id)


def view_sweep(row: SweepRow, server: TrackingServer) -> SweepView:
    """The sweep as it is shown."""
    return SweepView(
        id=row.id,
        owner=row.owner,
        spec=row.spec,
        state=row.state,
        reason=row.state_reason,
        started_at_ms=_milliseconds(row.started_at or row.created_at),
        ended_at_ms=_milliseconds(row.ended_at) if row.ended_at else None,
        link=f"{server.public_url}/v1/sweeps/{row.id}",
        environment=server.environment,
    )


async def _next_events(session: Session, sweep: SweepRow, sequence: int) -> list[EventRow]:
    """No more than the sweep's row, which was read before, knows of, and of no more than BATCH_TRIALS trials."""
    told: list[EventRow] = []
    numbers: set[int] = set()
    for event in await events.after(session, sweep.id, sequence, limit=BATCH_EVENTS):
        numbers |= {event.data["number"]} if "number" in event.data else set()
        if event.sequence > sweep.event_count or len(numbers) > BATCH_TRIALS:
            break
        told.append(event)
    return told


async def _load_news(session: Session, sweep: SweepView, told: Sequence[EventRow]) -> list[TrialNews]:
    by_number: dict[int, list[EventRow]] = {}
    for event in told:
        if "number" in event.data:
            by_number.setdefault(event.data["number"], []).append(event)
    rows = await trials.numbered(session, sweep.id, by_number)
    newest = await projections.newest_runners(session, [row.id for row in rows])
    last_steps = await projections.last_steps(session, [row.id for row in rows])
    addresses = await clusters.addresses(session)
    return [
        TrialNews(
            trial=view_trial(
                row,
                sweep,
                place=_view_place(newest.get(row.id), addresses),
                last_step=last_steps.get(row.id, 0),
                first_told_at=by_number[row.number][0].at,
            ),
            run_id=row.mlflow_run_id,
            steps=[_view_step(event) for event in by_number[row.number] if event.kind == "trial.step"],
            is_only_steps=all(event.kind == "trial.step" for event in by_number[row.number]),
        )
        for row in rows
    ]


def view_trial(
    row: TrialRow, sweep: SweepView, *, place: Place | None, last_step: int, first_told_at: datetime
) -> TrialView:
    """The trial as it is shown."""
    return TrialView(
        sweep_id=row.sweep_id,
        number=row.number,
        arm=row.arm,
        point=row.point,
        replicate=row.replicate,
        config=row.config,
        state=row.state,
        outcome=row.outcome,
        reason=row.reason,
        scores=row.scores,
        facts=row.facts,
        attempts=row.attempts,
        device_seconds=row.device_seconds,
        image_passes=row.image_passes,
        last_step=last_step,
        # One that was cancelled before it started, and is to be tried again, has neither time.
        started_at_ms=_milliseconds(row.started_at or row.ended_at or first_told_at),
        ended_at_ms=_milliseconds(row.ended_at) if row.ended_at else None,
        place=place,
        link=f"{sweep.link}/trials/{row.number}",
    )


def _view_place(runner: RunnerRow | None, addresses: Mapping[str, str]) -> Place | None:
    if runner is None:
        return None
    if runner.is_external:
        return Place(runner.cluster, runner.id, None, None)
    address = addresses.get(runner.cluster)
    link = f"{without_credentials(address).rstrip('/')}/#/jobs/{runner.submission_id}" if address else None
    return Place(runner.cluster, runner.id, runner.submission_id, link)


def _view_step(event: EventRow) -> StepView:
    return StepView(event.data["step"], event.data["metrics"], _milliseconds(event.at))


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp() * 1000)
