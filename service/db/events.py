"""Events: everything that happened in a sweep, numbered without a gap in the order of commit."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, mapped_column

from service.db import deliveries
from service.db.base import Base, Json, UtcDateTime
from service.db.database import Session
from service.db.sweeps import SweepRow
from service.schemas.webhooks import WebhookKind

TOLD_KINDS = frozenset(kind.value for kind in WebhookKind)
"""Webhooks may be told of these; the others are written without a look at webhooks."""


class EventRow(Base):
    """One thing that happened."""

    __tablename__ = "events"

    sweep_id: Mapped[str] = mapped_column(ForeignKey("sweeps.id", ondelete="CASCADE"), primary_key=True)
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    data: Mapped[dict[str, Any]] = mapped_column(Json)


async def append(session: Session, sweep_id: str, kind: str, now: datetime, **data: Any) -> None:
    """Writes the sweep's next event, with the messages to webhooks that tell of it; all or nothing of it is there."""
    # The update locks the sweep's row until the commit, so a reader never sees 8 before 7.
    taken = update(SweepRow).where(SweepRow.id == sweep_id).values(event_count=SweepRow.event_count + 1)
    returning = taken.returning(SweepRow.event_count, SweepRow.owner).execution_options(synchronize_session=False)
    # What else the transaction changes need not be written before: it goes out together, at the end.
    with session.no_autoflush:
        numbered = (await session.execute(returning)).one_or_none()
        assert numbered is not None, f"an event of a sweep that is not there: {sweep_id}"
        sequence, owner = numbered
        session.add(EventRow(sweep_id=sweep_id, sequence=sequence, kind=kind, at=now, data=data))
        if kind in TOLD_KINDS:
            await deliveries.enqueue(session, owner, sweep_id, sequence, kind, now, data)


async def after(session: Session, sweep_id: str, sequence: int, *, limit: int) -> Sequence[EventRow]:
    """Up to `limit` events that follow `sequence`."""
    query = select(EventRow).where(EventRow.sweep_id == sweep_id, EventRow.sequence > sequence)
    return (await session.scalars(query.order_by(EventRow.sequence).limit(limit))).all()
