"""Deliveries, the outbox of webhooks: the table and its queries."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ForeignKey, Select, String, Text, UniqueConstraint, delete, or_, select, tuple_, update
from sqlalchemy.orm import Mapped, aliased, mapped_column

from service.db import webhooks
from service.db.base import Base, Json, UtcDateTime
from service.db.database import Session
from service.db.webhooks import WebhookRow


class DeliveryRow(Base):
    """One message: written with the event it tells of, sent until it is taken or given up."""

    __tablename__ = "deliveries"
    __table_args__ = (UniqueConstraint("webhook_id", "sweep_id", "sequence"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=lambda: secrets.token_hex(12))
    """Random, so that a receiver never takes one message for another, whatever was deleted or restored."""
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    sweep_id: Mapped[str | None] = mapped_column(ForeignKey("sweeps.id", ondelete="CASCADE"))
    """None for a test message."""
    sequence: Mapped[int | None]
    kind: Mapped[str] = mapped_column(String(40))
    payload: Mapped[dict[str, Any]] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
    """When it is sent next; none once it was taken or given up."""
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_by: Mapped[str | None] = mapped_column(String(100))
    claimed_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_status: Mapped[int | None]
    problem: Mapped[str | None] = mapped_column(Text)


class Told(NamedTuple):
    """An event of a sweep that webhooks may be told of."""

    sequence: int
    kind: str
    data: dict[str, Any]


async def enqueue(session: Session, owner: str, sweep_id: str, told: Sequence[Told], now: datetime) -> None:
    """Writes a message of each event to each of the owner's webhooks that is told of its kind."""
    listening = await webhooks.enabled_of(session, owner)
    session.add_all(
        DeliveryRow(
            webhook_id=webhook.id,
            sweep_id=sweep_id,
            sequence=sequence,
            kind=kind,
            payload=payload(kind, now, {"sweep_id": sweep_id, "sequence": sequence, **data}),
            created_at=now,
            due_at=now,
        )
        for sequence, kind, data in told
        for webhook in listening
        if kind in webhook.kinds
    )


def payload(kind: str, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    """The body of a message, in the form that Standard Webhooks recommend."""
    return {"type": kind, "timestamp": at.isoformat(), "data": data}


async def find(session: Session, delivery_id: str, *, lock: bool = False) -> DeliveryRow | None:
    """The message of that id. With `lock`, no other transaction changes it until this one ends."""
    query = select(DeliveryRow).where(DeliveryRow.id == delivery_id).execution_options(populate_existing=True)
    return (await session.scalars(query.with_for_update() if lock else query)).one_or_none()


async def page(
    session: Session, webhook_id: str, *, limit: int, after: tuple[datetime, str] | None = None
) -> Sequence[DeliveryRow]:
    """Up to `limit` messages to a webhook, newest first, that come after the (created_at, id) of `after`."""
    query = select(DeliveryRow).where(DeliveryRow.webhook_id == webhook_id)
    if after is not None:
        query = query.where(tuple_(DeliveryRow.created_at, DeliveryRow.id) < after)
    query = query.order_by(DeliveryRow.created_at.desc(), DeliveryRow.id.desc())
    return (await session.scalars(query.limit(limit))).all()


async def is_any_due(session: Session, now: datetime) -> bool:
    """Whether there is a message to claim."""
    return (await session.scalars(_due(now))).one_or_none() is not None


async def claim_due(session: Session, worker: str, *, now: datetime, until: datetime) -> DeliveryRow | None:
    """Claims for `worker`, until `until`, the message that has been due longest; None when none is due.

    A webhook is sent one message at a time: they arrive in order while all is well, and a receiver that hangs
    holds up one worker. So whoever claims holds the webhook first, and then looks at it anew: what another claimed of
    it before is seen by then.
    """
    held = _due(now).with_for_update(skip_locked=True, key_share=True, of=WebhookRow)
    candidate = (await session.scalars(held)).one_or_none()
    if candidate is None:
        return None
    due = _due(now).where(DeliveryRow.webhook_id == candidate.webhook_id).with_for_update(of=DeliveryRow)
    row = (await session.scalars(due.execution_options(populate_existing=True))).one_or_none()
    if row is not None:
        row.claimed_by, row.claimed_until = worker, until
    return row


def _due(now: datetime) -> Select[DeliveryRow]:
    other = aliased(DeliveryRow)
    busy = select(other.webhook_id).where(other.due_at.is_not(None), other.claimed_until > now)
    free = or_(DeliveryRow.claimed_until.is_(None), DeliveryRow.claimed_until <= now)
    due = select(DeliveryRow).join(WebhookRow, WebhookRow.id == DeliveryRow.webhook_id)
    due = due.where(WebhookRow.is_enabled, DeliveryRow.due_at <= now, free, DeliveryRow.webhook_id.not_in(busy))
    return due.order_by(DeliveryRow.due_at, DeliveryRow.created_at, DeliveryRow.sequence).limit(1)


async def forget_future(session: Session, *, now: datetime, until: datetime) -> None:
    """What was never tried is due now, and no claim lasts longer than `until`: the clock has been put back."""
    untried = (DeliveryRow.due_at > now) & (DeliveryRow.attempts == 0)
    await session.execute(update(DeliveryRow).where(untried).values(due_at=now))
    await session.execute(update(DeliveryRow).where(DeliveryRow.claimed_until > until).values(claimed_until=until))


async def is_any_old(session: Session, before: datetime) -> bool:
    """Whether there is a message to delete."""
    return (await session.scalars(_old(before).limit(1))).one_or_none() is not None


async def delete_old(session: Session, before: datetime, *, limit: int) -> int:
    """Deletes up to `limit` messages of before that time which were taken or given up; how many it has deleted."""
    old = [*await session.scalars(_old(before).limit(limit).with_for_update(skip_locked=True))]
    await session.execute(delete(DeliveryRow).where(DeliveryRow.id.in_(old)))
    return len(old)


def _old(before: datetime) -> Select[str]:
    ended = select(DeliveryRow.id).where(DeliveryRow.created_at < before, DeliveryRow.due_at.is_(None))
    return ended.order_by(DeliveryRow.created_at)
