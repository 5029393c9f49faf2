"""The instance: which service this database is of, and when its API was there. One row, made by the migration."""

from datetime import datetime

from sqlalchemy import String, select, update
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, UtcDateTime
from service.db.database import Session


class InstanceRow(Base):
    """The service, whatever its processes."""

    __tablename__ = "instance"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    """What tells the jobs of this service from those of another one on the same cluster."""
    api_signed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """The newest sign of a process that serves the API; by that process' clock, so only good for seeing it change."""


async def instance_id(session: Session) -> str:
    """The id of this service, the same in all its processes."""
    return (await session.scalars(select(InstanceRow.id))).one()


async def sign_api(session: Session, now: datetime) -> None:
    """Leaves a sign that a process serves the API."""
    await session.execute(update(InstanceRow).values(api_signed_at=now))


async def api_sign(session: Session) -> datetime | None:
    """The newest sign of the API, none before the first."""
    return (await session.scalars(select(InstanceRow.api_signed_at))).one()
