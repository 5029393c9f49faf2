"""API keys: the table and its queries. Only hashes are kept."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, String, or_, select, tuple_, update
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, Json, UtcDateTime
from service.db.database import Session


class KeyRow(Base):
    """An API key: who it speaks for, and the hash of its secret."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner: Mapped[str] = mapped_column(String(100))
    secret_sha256: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(100), default="")
    scopes: Mapped[list[str]] = mapped_column(Json)
    version: Mapped[int] = mapped_column(default=1)
    """Counts the changes that people made; its ETag."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


async def find(session: Session, key_id: str, *, lock: bool = False) -> KeyRow | None:
    """The key of that id. With `lock`, no other transaction changes it until this one ends."""
    query = select(KeyRow).where(KeyRow.id == key_id).execution_options(populate_existing=True)
    return (await session.scalars(query.with_for_update() if lock else query)).one_or_none()


async def page(
    session: Session, owner: str | None, *, limit: int, after: tuple[datetime, str] | None = None
) -> Sequence[KeyRow]:
    """Up to `limit` of an owner's keys, everybody's for none, newest first, after the (created_at, id) of `after`."""
    query = select(KeyRow)
    if owner is not None:
        query = query.where(KeyRow.owner == owner)
    if after is not None:
        query = query.where(tuple_(KeyRow.created_at, KeyRow.id) < after)
    return (await session.scalars(query.order_by(KeyRow.created_at.desc(), KeyRow.id.desc()).limit(limit))).all()


async def working(session: Session, now: datetime) -> Sequence[KeyRow]:
    """Every key that works."""
    return (await session.scalars(_working(now))).all()


async def lock_working(session: Session, now: datetime) -> Sequence[KeyRow]:
    """The same, locked in one order, so that of several who end a key each sees what the others did."""
    query = _working(now).with_for_update().execution_options(populate_existing=True)
    return (await session.scalars(query)).all()


async def note_use(session: Session, key_id: str, now: datetime) -> None:
    """Keeps when the key was used last; of several uses at once the latest stays."""
    earlier = or_(KeyRow.last_used_at.is_(None), KeyRow.last_used_at < now)
    await session.execute(update(KeyRow).where(KeyRow.id == key_id, earlier).values(last_used_at=now))


def _working(now: datetime) -> Select[KeyRow]:
    unexpired = or_(KeyRow.expires_at.is_(None), KeyRow.expires_at > now)
    return select(KeyRow).where(KeyRow.revoked_at.is_(None), unexpired).order_by(KeyRow.id)
