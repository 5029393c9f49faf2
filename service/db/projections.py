"""Projections: how far each sweep has been shown in MLflow."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, UtcDateTime
from service.db.database import Session
from service.db.sweeps import SweepRow


class ProjectionRow(Base):
    """The cursor of one sweep: events up to `sequence` are in MLflow."""

    __tablename__ = "projections"

    sweep_id: Mapped[str] = mapped_column(ForeignKey("sweeps.id", ondelete="CASCADE"), primary_key=True)
    sequence: Mapped[int] = mapped_column(default=0)
    experiment_id: Mapped[str | None] = mapped_column(String(64))
    run_id: Mapped[str | None] = mapped_column(String(64))
    is_stale: Mapped[bool] = mapped_column(default=False)
    """What MLflow shows is not wanted any more: its runs are deleted, and all is shown anew from the first event."""
    failures: Mapped[int] = mapped_column(default=0)
    """Tries in a row that showed nothing; each waits longer than the last."""
    problem: Mapped[str | None] = mapped_column(Text)
    """Why the last of them failed, a sentence."""
    claimed_by: Mapped[str | None] = mapped_column(String(100))
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


async def find(session: Session, sweep_id: str, *, lock: bool = False) -> ProjectionRow | None:
    """The projection of a sweep."""
    query = select(ProjectionRow).where(ProjectionRow.sweep_id == sweep_id).execution_options(populate_existing=True)
    return (await session.scalars(query.with_for_update() if lock else query)).one_or_none()


async def claim_behind(session: Session, worker: str, *, now: datetime, until: datetime) -> ProjectionRow | None:
    """Claims a projection that lags behind its sweep's events; None when all have caught up."""
    free = or_(ProjectionRow.claimed_until.is_(None), ProjectionRow.claimed_until <= now)
    behind = select(ProjectionRow).join(SweepRow, SweepRow.id == ProjectionRow.sweep_id)
    behind = behind.where(ProjectionRow.sequence < SweepRow.event_count, free)
    # In any order, so that a busy sweep starves no other.
    behind = behind.order_by(func.random())
    row = (await session.scalars(behind.limit(1).with_for_update(skip_locked=True, of=ProjectionRow))).one_or_none()
    if row is not None:
        row.claimed_by, row.claimed_until = worker, until
    return row
