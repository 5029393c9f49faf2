"""API keys: the table and its queries. Only hashes are kept."""

from datetime import datetime

from sqlalchemy import String, or_, update
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
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


async def find(session: Session, key_id: str) -> KeyRow | None:
    """The key of that id."""
    return await session.get(KeyRow, key_id)


async def note_use(session: Session, key_id: str, now: datetime) -> None:
    """Keeps when the key was used last; of several uses at once the latest stays."""
    earlier = or_(KeyRow.last_used_at.is_(None), KeyRow.last_used_at < now)
    await session.execute(update(KeyRow).where(KeyRow.id == key_id, earlier).values(last_used_at=now))
