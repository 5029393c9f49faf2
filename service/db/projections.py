"""Projections: how far each sweep has been shown in MLflow."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, ForeignKey, String, Text, func, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, UtcDateTime
from service.db.database import Session
from service.db.results import ResultRow
from service.db.runners import RunnerRow
from service.db.sweeps import SweepRow
from service.db.trials import AttemptRow, TrialRow


class ProjectionRow(Base):
    """The cursor of one sweep: events up to `sequence` are in MLflow."""

    __tablename__ = "projections"

    sweep_id: Mapped[str] = mapped_column(ForeignKey("sweeps.id", ondelete="CASCADE"), primary_key=True)
    sequence: Mapped[int] = mapped_column(default=0)
    experiment_id: Mapped[str | None] = mapped_column(String(64))
    run_id: Mapped[str | None] = mapped_column(String(64))
    is_stale: Mapped[bool] = mapped_column(default=False)
    """What MLflow shows is not wanted any more: its runs are deleted first, then all is shown from sequence 0 on."""
    failures: Mapped[int] = mapped_column(default=0)
    """Tries in a row that showed nothing; each waits longer than the last."""
    problem: Mapped[str | None] = mapped_column(Text)
    """Why the last of them failed, a sentence."""
    claimed_by: Mapped[str | None] = mapped_column(String(100))
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Where nobody claims it: when it is tried again."""


async def find(session: Session, sweep_id: str, *, lock: bool = False) -> ProjectionRow | None:
    """The projection of a sweep."""
    query = select(ProjectionRow).where(ProjectionRow.sweep_id == sweep_id).execution_options(populate_existing=True)
    return (await session.scalars(query.with_for_update() if lock else query)).one_or_none()


class ClaimedProjection(NamedTuple):
    """A projection that is ours for a while."""

    row: ProjectionRow
    was_interrupted: bool
    """Its last holder did not get to an end: runs may have been made whose ids are not known here."""


async def claim_behind(session: Session, worker: str, *, now: datetime, until: datetime) -> ClaimedProjection | None:
    """Claims a projection that lags behind its sweep's events, or is stale; None when there is none."""
    behind = or_(ProjectionRow.sequence < SweepRow.event_count, ProjectionRow.is_stale)
    waiting = select(ProjectionRow).join(SweepRow, SweepRow.id == ProjectionRow.sweep_id).where(behind, _is_free(now))
    # In any order, so that a busy sweep starves no other.
    waiting = waiting.order_by(func.random()).limit(1)
    row = (await session.scalars(waiting.with_for_update(skip_locked=True, of=ProjectionRow))).one_or_none()
    if row is None:
        return None
    claimed = ClaimedProjection(row, was_interrupted=row.claimed_by is not None or row.failures > 0)
    row.claimed_by, row.claimed_until = worker, until
    return claimed


async def claim(
    session: Session, sweep_id: str, worker: str, *, now: datetime, until: datetime
) -> ProjectionRow | None:
    """Claims the sweep's projection; None while somebody else works on it."""
    row = await find(session, sweep_id, lock=True)
    if row is None or (row.claimed_by is not None and row.claimed_until is not None and row.claimed_until > now):
        return None
    row.claimed_by, row.claimed_until = worker, until
    return row


async def forget_future(session: Session, until: datetime) -> None:
    """No claim, and no wait for another try, lasts longer than `until`: the clock has been put back."""
    await session.execute(update(ProjectionRow).where(ProjectionRow.claimed_until > until).values(claimed_until=until))


async def hold(session: Session, sweep_id: str, worker: str, *, until: datetime) -> None:
    """Keeps the claim until then, if it is still the worker's."""
    row = await find_claimed(session, sweep_id, worker)
    if row is not None:
        row.claimed_until = until


async def release(session: Session, sweep_id: str, worker: str) -> None:
    """Gives the claim back, if it is still the worker's."""
    row = await find_claimed(session, sweep_id, worker)
    if row is not None:
        row.claimed_by = row.claimed_until = None


async def find_claimed(session: Session, sweep_id: str, worker: str) -> ProjectionRow | None:
    """The projection, locked, if `worker` still holds its claim."""
    row = await find(session, sweep_id, lock=True)
    return row if row is not None and row.claimed_by == worker else None


async def newest_runners(session: Session, trial_ids: Collection[int]) -> dict[int, RunnerRow]:
    """Trial id → the runner of its newest attempt, for those of the trials that have been attempted."""
    query = select(TrialRow.id, RunnerRow).join(AttemptRow, AttemptRow.trial_id == TrialRow.id)
    query = query.join(RunnerRow, RunnerRow.id == AttemptRow.runner_id)
    newest = query.where(TrialRow.id.in_(trial_ids), AttemptRow.number == TrialRow.attempts)
    return dict((await session.execute(newest)).all())


async def last_steps(session: Session, trial_ids: Collection[int]) -> dict[int, int]:
    """Trial id → its last step, for those of the trials that have any."""
    query = select(ResultRow.trial_id, func.max(ResultRow.step)).where(ResultRow.trial_id.in_(trial_ids))
    return dict((await session.execute(query.group_by(ResultRow.trial_id))).all())


async def forget_mlflow_runs(session: Session, sweep_id: str) -> None:
    """Forgets which runs show the sweep's trials."""
    await session.execute(update(TrialRow).where(TrialRow.sweep_id == sweep_id).values(mlflow_run_id=None))


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(ProjectionRow.claimed_until.is_(None), ProjectionRow.claimed_until <= now)
