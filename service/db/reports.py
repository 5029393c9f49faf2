"""Reports: the table and its queries. Every form is made once, from the same numbers."""

from datetime import datetime

from sqlalchemy import ForeignKey, Text, select
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, UtcDateTime
from service.db.database import Session


class ReportRow(Base):
    """The robustness report of a sweep."""

    __tablename__ = "reports"

    sweep_id: Mapped[str] = mapped_column(ForeignKey("sweeps.id", ondelete="CASCADE"), primary_key=True)
    json: Mapped[str] = mapped_column(Text)
    markdown: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


async def find(session: Session, sweep_id: str) -> ReportRow | None:
    """The report of a sweep, if it has been made."""
    return await session.get(ReportRow, sweep_id)


async def find_json(session: Session, sweep_id: str) -> str | None:
    """The numbers of a report, if it has been made, without its pages."""
    return await session.scalar(select(ReportRow.json).where(ReportRow.sweep_id == sweep_id))


async def delete(session: Session, sweep_id: str) -> None:
    """Forgets the report, if there is one."""
    await session.execute(sql_delete(ReportRow).where(ReportRow.sweep_id == sweep_id))


async def store(session: Session, report: ReportRow) -> None:
    """Writes the report over an earlier one."""
    await session.merge(report)
