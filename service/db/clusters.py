"""Clusters: the table and its queries. A token is kept sealed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import String, Text, select
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, Json, UtcDateTime
from service.db.database import Session


class ClusterRow(Base):
    """A Ray cluster the service may submit to, and what was seen of it last."""

    __tablename__ = "clusters"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    address: Mapped[str] = mapped_column(Text)
    sealed_token: Mapped[str | None] = mapped_column(Text)
    labels: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    verify_tls: Mapped[bool] = mapped_column(default=True)
    ca_certificate: Mapped[str | None] = mapped_column(Text)
    """PEM of the authority that signed the cluster's certificate; none trusts the usual ones."""
    is_from_settings: Mapped[bool] = mapped_column(default=False)
    """Kept as SUPSWEEP_CLUSTERS says at every start; the API leaves it alone."""
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_healthy: Mapped[bool | None]
    problem: Mapped[str | None] = mapped_column(Text)
    """Why it is not healthy, a sentence."""
    ray_version: Mapped[str | None] = mapped_column(String(50))
    nodes: Mapped[int | None]
    cpus_total: Mapped[float | None]
    cpus_free: Mapped[float | None]
    gpus_total: Mapped[float | None]
    gpus_free: Mapped[float | None]


async def every(session: Session) -> Sequence[ClusterRow]:
    """Every cluster, by name."""
    return (await session.scalars(select(ClusterRow).order_by(ClusterRow.name))).all()


async def addresses(session: Session) -> dict[str, str]:
    """Base URL of every registered cluster's dashboard, by name."""
    rows = await session.execute(select(ClusterRow.name, ClusterRow.address))
    return dict(rows.all())
