"""What is looked at after a fault: the ledger as its database has it, what MLflow shows, what still runs."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fakes.tracking import ShownRun
from sqlalchemy import select

from service.db import results, runners, sweeps, trials
from service.db.database import Database
from service.db.events import EventRow
from service.db.projections import ProjectionRow
from service.db.results import ResultRow
from service.db.runners import RunnerRow
from service.db.sweeps import SweepRow
from service.db.trials import AttemptRow, TrialRow
from service.schemas.audit import AuditView
from service.tracking import presentation


@dataclass(frozen=True)
class Evidence:
    """One sweep after it has ended."""

    sweep: SweepRow
    trials: Sequence[TrialRow]
    attempts: Mapping[int, Sequence[AttemptRow]]
    """By trial id."""
    results: Mapping[int, Sequence[ResultRow]]
    """By trial id."""
    events: Sequence[EventRow]
    runners: Sequence[RunnerRow]
    projection: ProjectionRow
    shown: Sequence[ShownRun]
    """Runs of the sweep in MLflow."""
    running: Sequence[str]
    """Jobs, drivers and trials of the sweep that still run somewhere."""
    audit: AuditView
    """What the service itself finds."""
    away: Sequence[str]
    """Clusters that cannot be asked any more."""


def gather(
    database_url: str,
    audit: AuditView,
    shown: Iterable[ShownRun],
    running: Sequence[str],
    away: Sequence[str] = (),
) -> Evidence:
    """Reads the ledger and takes the rest as it was seen."""
    return asyncio.run(_gather(database_url, audit, shown, running, away))


async def _gather(
    database_url: str,
    audit: AuditView,
    shown: Iterable[ShownRun],
    running: Sequence[str],
    away: Sequence[str],
) -> Evidence:
    database, sweep_id = Database(database_url), audit.sweep_id
    try:
        async with database.read() as session:
            sweep = await sweeps.find(session, sweep_id)
            assert sweep is not None, f"sweep {sweep_id} is gone"
            planned = await trials.page(session, sweep_id)
            events = select(EventRow).where(EventRow.sweep_id == sweep_id).order_by(EventRow.sequence)
            projection = await session.get(ProjectionRow, sweep_id)
            assert projection is not None, f"sweep {sweep_id} is not projected"
            return Evidence(
                sweep=sweep,
                trials=planned,
                attempts={row.id: await trials.attempts_of(session, row.id) for row in planned},
                results=await results.of_sweep(session, sweep_id),
                events=(await session.scalars(events)).all(),
                runners=await runners.of_sweep(session, sweep_id),
                projection=projection,
                shown=[run for run in shown if run.tags[presentation.SWEEP_TAG] == sweep_id],
                running=running,
                audit=audit,
                away=away,
            )
    finally:
        await database.close()
