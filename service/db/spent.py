"""What deleted sweeps have used: the quotas of their owners count it as long as if they were there."""

from datetime import datetime

from sqlalchemy import String, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, UtcDateTime
from service.db.database import Session
from service.db.sweeps import SweepRow
from service.db.trials import AttemptRow, TrialRow


class SpentRow(Base):
    """The device-seconds of one deleted sweep."""

    __tablename__ = "spent"

    sweep_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner: Mapped[str] = mapped_column(String(100), index=True)
    device_seconds: Mapped[float]
    last_started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When its newest attempt started: no earlier one is told apart any more."""


async def keep(session: Session, sweep: SweepRow) -> None:
    """Writes down what the sweep has used, which is about to be deleted."""
    used = select(func.sum(AttemptRow.device_seconds), func.max(AttemptRow.started_at))
    used = used.join(TrialRow, TrialRow.id == AttemptRow.trial_id).where(TrialRow.sweep_id == sweep.id)
    device_seconds, started_at = (await session.execute(used)).one()
    if device_seconds:
        row = SpentRow(sweep_id=sweep.id, owner=sweep.owner, device_seconds=device_seconds, last_started_at=started_at)
        session.add(row)


async def device_seconds_of_owner(session: Session, owner: str, *, since: datetime) -> float:
    """What the owner's deleted sweeps have used, those that still started an attempt since then."""
    query = select(func.sum(SpentRow.device_seconds))
    query = query.where(SpentRow.owner == owner, SpentRow.last_started_at >= since)
    return await session.scalar(query) or 0.0


async def is_any_old(session: Session, before: datetime) -> bool:
    """Whether there is one whose newest attempt started before that."""
    query = select(SpentRow.sweep_id).where(SpentRow.last_started_at < before).limit(1)
    return await session.scalar(query) is not None


async def delete_old(session: Session, before: datetime) -> None:
    """Deletes those whose newest attempt started before that."""
    await session.execute(delete(SpentRow).where(SpentRow.last_started_at < before))
