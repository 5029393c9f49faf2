"""Clusters: the table and its queries. A token is kept sealed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, String, Text, distinct, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from service.db.base import Base, Json, UtcDateTime
from service.db.database import Session
from service.db.runners import RunnerRow
from service.db.sweeps import SweepRow
from service.db.trials import AttemptRow
from service.lifecycle import FINISHED_STATES, RunnerState


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
    """Kept as SUPSWEEP_CLUSTERS says at every start; the API leaves that alone."""
    is_draining: Mapped[bool] = mapped_column(default=False)
    """It gets no more runners, and those it has give their trials back. Nobody's but an admin's to say."""
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    check_due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When it is asked next how it is; whoever asks puts this off first, so that only one process does."""
    orphans_due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """The same for jobs of ours that should not run."""
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_healthy: Mapped[bool | None]
    health_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Since when it has been healthy, or has not."""
    problem: Mapped[str | None] = mapped_column(Text)
    """Why it is not healthy, a sentence."""
    ray_version: Mapped[str | None] = mapped_column(String(50))
    nodes: Mapped[int | None]
    cpus_total: Mapped[float | None]
    cpus_free: Mapped[float | None]
    gpus_total: Mapped[float | None]
    gpus_free: Mapped[float | None]


SEEN = ("ray_version", "nodes", "cpus_total", "cpus_free", "gpus_total", "gpus_free")
"""Columns that keep what was seen when it was healthy last."""


@dataclass(frozen=True)
class ClusterLoad:
    """What of ours runs on a cluster, by the ledger."""

    live_runners: int = 0
    running_trials: int = 0
    open_jobs: int = 0
    """Of unfinished sweeps, those that may still run."""


async def find(session: Session, name: str, *, lock: bool = False) -> ClusterRow | None:
    """The cluster of that name. With `lock`, no other transaction changes it until this one ends."""
    query = select(ClusterRow).where(ClusterRow.name == name).execution_options(populate_existing=True)
    return (await session.scalars(query.with_for_update() if lock else query)).one_or_none()


async def every(session: Session) -> Sequence[ClusterRow]:
    """Every cluster, by name."""
    return (await session.scalars(select(ClusterRow).order_by(ClusterRow.name))).all()


async def lock_every(session: Session) -> Sequence[ClusterRow]:
    """Every cluster; no other transaction changes one until this one ends."""
    return (await session.scalars(select(ClusterRow).order_by(ClusterRow.name).with_for_update())).all()


async def addresses(session: Session) -> dict[str, str]:
    """Base URL of every registered cluster's dashboard, by name."""
    rows = await session.execute(select(ClusterRow.name, ClusterRow.address))
    return dict(rows.all())


async def draining(session: Session, names: Sequence[str]) -> frozenset[str]:
    """Those of the clusters that are being drained."""
    query = select(ClusterRow.name).where(ClusterRow.name.in_(names), ClusterRow.is_draining)
    return frozenset(await session.scalars(query))


async def away(session: Session, names: Sequence[str], *, seen_since: datetime) -> dict[str, str]:
    """Those of the clusters that were asked since then and did not let us in, each with the reason."""
    unhealthy = ClusterRow.is_healthy.is_(False) & (ClusterRow.checked_at >= seen_since)
    rows = await session.execute(
        select(ClusterRow.name, ClusterRow.problem).where(ClusterRow.name.in_(names), unhealthy)
    )
    return {name: problem or "it is not healthy" for name, problem in rows}


async def page(session: Session, *, limit: int, after: str) -> Sequence[ClusterRow]:
    """Up to `limit` clusters by name, those after a name."""
    query = select(ClusterRow).where(ClusterRow.name > after).order_by(ClusterRow.name).limit(limit)
    return (await session.scalars(query)).all()


async def forget_future(session: Session, *, now: datetime, until: datetime) -> None:
    """What is due later than `until` is due now: the clock has been put back."""
    for due_at in (ClusterRow.check_due_at, ClusterRow.orphans_due_at):
        await session.execute(update(ClusterRow).where(due_at > until).values({due_at: now}))


async def claim_check(session: Session, now: datetime, until: datetime) -> ClusterRow | None:
    """A cluster that is to be asked how it is, due again at `until`; none when none is due."""
    return await _claim_due(session, ClusterRow.check_due_at, now, until)


async def claim_orphans(session: Session, now: datetime, until: datetime) -> ClusterRow | None:
    """The same for a cluster whose jobs are to be looked through."""
    return await _claim_due(session, ClusterRow.orphans_due_at, now, until)


async def loads(session: Session) -> dict[str, ClusterLoad]:
    """What runs on each cluster; those where nothing does are left out."""
    live = select(RunnerRow.cluster, func.count()).where(RunnerRow.state == RunnerState.LIVE)
    runners = await _counts(session, live.group_by(RunnerRow.cluster))
    running = select(RunnerRow.cluster, func.count()).join(AttemptRow, AttemptRow.runner_id == RunnerRow.id)
    trials = await _counts(session, running.where(AttemptRow.ended_at.is_(None)).group_by(RunnerRow.cluster))
    open_jobs = select(RunnerRow.cluster, func.count()).join(SweepRow, SweepRow.id == RunnerRow.sweep_id)
    jobs = await _counts(session, open_jobs.where(_may_run()).group_by(RunnerRow.cluster))
    names = runners.keys() | trials.keys() | jobs.keys()
    return {name: ClusterLoad(runners.get(name, 0), trials.get(name, 0), jobs.get(name, 0)) for name in names}


async def count_sweeps_on(session: Session, name: str) -> int:
    """Unfinished sweeps with a runner on the cluster whose job may still run."""
    sweeps = select(func.count(distinct(RunnerRow.sweep_id))).join(SweepRow, SweepRow.id == RunnerRow.sweep_id)
    return (await session.scalars(sweeps.where(RunnerRow.cluster == name, _may_run()))).one()


def _may_run() -> ColumnElement[bool]:
    """Whether a runner's job may still run: nobody has seen its end, and its sweep, which waits for that, goes on."""
    return RunnerRow.job_is_over.is_(False) & SweepRow.state.not_in(FINISHED_STATES)


async def _claim_due(
    session: Session, due_at: InstrumentedAttribute[datetime], now: datetime, until: datetime
) -> ClusterRow | None:
    query = select(ClusterRow).where(due_at <= now).order_by(due_at).limit(1).with_for_update(skip_locked=True)
    row = (await session.scalars(query)).one_or_none()
    if row is not None:
        setattr(row, due_at.key, until)
    return row


async def _counts(session: Session, query: Select[str, int]) -> dict[str, int]:
    return dict((await session.execute(query)).all())
