"""Webhooks: the table and its queries. A secret is kept sealed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, String, Text, func, select, update
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, Json, UtcDateTime
from service.db.database import Session


class WebhookRow(Base):
    """Where an owner wants to be told of what happens in the owner's sweeps."""

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner: Mapped[str] = mapped_column(String(100), index=True)
    url: Mapped[str] = mapped_column(Text)
    sealed_secret: Mapped[str] = mapped_column(Text)
    sealed_previous_secret: Mapped[str | None] = mapped_column(Text)
    """The secret before, which signs beside the present one until `previous_secret_ends_at`."""
    previous_secret_ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    secret_number: Mapped[int] = mapped_column(default=1)
    """Which of its secrets the present one is, counted from 1."""
    kinds: Mapped[list[str]] = mapped_column(Json)
    """Kinds of events it is told of."""
    is_enabled: Mapped[bool] = mapped_column(default=True)
    problem: Mapped[str | None] = mapped_column(Text)
    """Why the service disabled it."""
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def sealed_secrets(self, now: datetime) -> tuple[str, ...]:
        """What signs a message now, sealed, the present secret first."""
        previous, ends_at = self.sealed_previous_secret, self.previous_secret_ends_at
        if previous is None or ends_at is None or ends_at <= now:
            return (self.sealed_secret,)
        return self.sealed_secret, previous


async def find(session: Session, webhook_id: str, *, lock: bool = False) -> WebhookRow | None:
    """The webhook of that id. With `lock`, no other transaction changes it until this one ends."""
    query = select(WebhookRow).where(WebhookRow.id == webhook_id).execution_options(populate_existing=True)
    return (await session.scalars(query.with_for_update() if lock else query)).one_or_none()


async def of_owner(session: Session, owner: str | None) -> Sequence[WebhookRow]:
    """Every webhook of an owner, everybody's for none, the newest first."""
    query = select(WebhookRow)
    if owner is not None:
        query = query.where(WebhookRow.owner == owner)
    return (await session.scalars(query.order_by(WebhookRow.created_at.desc(), WebhookRow.id.desc()))).all()


async def lock_every(session: Session) -> Sequence[WebhookRow]:
    """Every webhook; no other transaction changes one until this one ends."""
    return (await session.scalars(select(WebhookRow).order_by(WebhookRow.id).with_for_update())).all()


async def count_of_owner(session: Session, owner: str) -> int:
    """How many webhooks an owner has."""
    return await session.scalar(select(func.count()).where(WebhookRow.owner == owner)) or 0


async def is_any_secret_over(session: Session, now: datetime) -> bool:
    """Whether there is a previous secret to forget."""
    return (
        await session.scalars(select(WebhookRow.id).where(_has_secret_over(now)).limit(1))
    ).one_or_none() is not None


async def forget_secrets_over(session: Session, now: datetime) -> None:
    """Takes away every previous secret that signs nothing any more."""
    nothing = {"sealed_previous_secret": None, "previous_secret_ends_at": None}
    await session.execute(update(WebhookRow).where(_has_secret_over(now)).values(nothing))


async def enabled_of(session: Session, owner: str) -> Sequence[WebhookRow]:
    """The owner's webhooks that are told of events; none of them is deleted before this transaction ends."""
    query = select(WebhookRow).where(WebhookRow.owner == owner, WebhookRow.is_enabled)
    query = query.order_by(WebhookRow.id).with_for_update(read=True, key_share=True)
    return (await session.scalars(query)).all()


def _has_secret_over(now: datetime) -> ColumnElement[bool]:
    return WebhookRow.previous_secret_ends_at <= now
