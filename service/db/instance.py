"""The instance: which service this database is of. One row, made by the migration."""

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base
from service.db.database import Session


class InstanceRow(Base):
    """What tells the jobs of this service from those of another one on the same cluster."""

    __tablename__ = "instance"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)


async def instance_id(session: Session) -> str:
    """The id of this service, the same in all its processes."""
    return (await session.scalars(select(InstanceRow.id))).one()
