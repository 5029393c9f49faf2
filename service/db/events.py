"""Events: everything that happened in a sweep, numbered without a gap in the order of commit."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, mapped_column

from service.db import deliveries
from service.db.base import Base, Json, UtcDateTime
from service.db.database import Session
from service.db.deliveries import Told
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


class News(NamedTuple):
    """Something that has happened in a sweep, not written yet."""

    kind: str
    data: dict[str, Any]


async def append(session: Session, sweep_id: str, kind: str, now: datetime, **data: Any) -> None:
    """Writes the sweep's next event, with the messages to webhooks that tell of it; all or nothing of it is there."""
    await append_many(session, sweep_id, [News(kind, data)], now)


async def append_many(session: Session, sweep_id: str, news: Sequence[News], now: datetime) -> None:
    """Writes the sweep's next events, as `append` does one, at the cost of one however many there are."""
    if not news:
        return
    # The update locks the sweep's row until the commit, so a reader never sees 8 before 7.
    taken = update(SweepRow).where(SweepRow.id == sweep_id).values(event_count=SweepRow.event_count + len(news))
    returning = taken.returning(SweepRow.event_count, SweepRow.owner).execution_options(synchronize_session=False)
    # What else the transaction changes need not be written before: it goes out together, at the end.
    with session.no_autoflush:
        numbered = (await session.execute(returning)).one_or_none()
        assert numbered is not None, f"an event of a sweep that is not there: {sweep_id}"
        last, owner = numbered
        rows = [
            EventRow(sweep_id=sweep_id, sequence=sequence, kind=kind, at=now, data=data)
            for sequence, (kind, data) in enumerate(news, last - len(news) + 1)
        ]
        session.add_all(rows)
        told = [Told(row.sequence, row.kind, row.data) for row in rows if row.kind in TOLD_KINDS]
        if told:
            await deliveries.enqueue(session, owner, sweep_id, told, now)


async def after(session: Session, sweep_id: str, sequence: int, *, limit: int) -> Sequence[EventRow]:
    """Up to `limit` events that follow `sequence`."""
    query = select(EventRow).where(EventRow.sweep_id == sweep_id, EventRow.sequence > sequence)
    return (await session.scalars(query.order_by(EventRow.sequence).limit(limit))).all()
