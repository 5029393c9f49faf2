"""Runners: the table and its queries."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, UtcDateTime, Word
from service.db.database import Session
from service.db.sweeps import SweepRow
from service.lifecycle import FINISHED_STATES, OPEN_STATES, RunnerState

ACTIVE = (RunnerState.SUBMITTING, RunnerState.LIVE)


class RunnerRow(Base):
    """One Ray Tune job on one cluster that serves one sweep."""

    __tablename__ = "runners"
    __table_args__ = (
        UniqueConstraint("sweep_id", "ordinal"),
        Index(None, "sweep_id", "state"),
        Index("ix_runners_cluster_state", "cluster", "state"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    sweep_id: Mapped[str] = mapped_column(ForeignKey("sweeps.id", ondelete="CASCADE"))
    ordinal: Mapped[int]
    """1 for the sweep's first runner; part of the submission id, which is never used twice."""
    cluster: Mapped[str] = mapped_column(String(100))
    submission_id: Mapped[str] = mapped_column(String(200), unique=True)
    token_sha256: Mapped[str] = mapped_column(String(64))
    state: Mapped[RunnerState] = mapped_column(Word(RunnerState), default=RunnerState.SUBMITTING)
    reason: Mapped[str | None] = mapped_column(Text)
    """Why it was fenced."""
    job_is_over: Mapped[bool] = mapped_column(default=False)
    """Seen on the cluster: nothing of it runs any more."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_seen_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime] = mapped_column(UtcDateTime)
    heard_seconds: Mapped[float] = mapped_column(default=0.0)
    """How long it has been heard of; no silence counts for more than a lease, so a clock that jumps moves it little."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    is_draining: Mapped[bool] = mapped_column(default=False)
    """It gets no more trials, gives back those it has, and ends."""
    is_external: Mapped[bool] = mapped_column(default=False)
    """A person's own worker: nobody submits it, and no cluster knows a job of it."""
    asked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it last asked for a trial that its sweep had: it stands in line for its cluster."""
    last_sequence: Mapped[int] = mapped_column(default=0)
    was_accepted: Mapped[bool] = mapped_column(default=False)
    """Its cluster has taken its job: what became of it says something of the sweep, not of the cluster."""
    progress: Mapped[int] = mapped_column(default=0)
    """Results and outcomes that were counted from it."""


async def find(session: Session, runner_id: str, *, lock: bool = False) -> RunnerRow | None:
    """The runner of that id. With `lock`, no other transaction changes it until this one ends."""
    query = select(RunnerRow).where(RunnerRow.id == runner_id).execution_options(populate_existing=True)
    return (await session.scalars(query.with_for_update() if lock else query)).one_or_none()


async def of_jobs(session: Session, submission_ids: Collection[str]) -> dict[str, RunnerRow]:
    """Submission id → the runner that the job was submitted for, for those of the jobs that have one."""
    query = select(RunnerRow).where(RunnerRow.submission_id.in_(submission_ids))
    return {row.submission_id: row for row in await session.scalars(query)}


async def of_sweep(session: Session, sweep_id: str) -> Sequence[RunnerRow]:
    """Every runner of a sweep, the first one first."""
    query = select(RunnerRow).where(RunnerRow.sweep_id == sweep_id).order_by(RunnerRow.ordinal)
    return (await session.scalars(query)).all()


async def newest(session: Session, sweep_id: str, *, limit: int) -> Sequence[RunnerRow]:
    """The last runners of a sweep, the newest first."""
    query = select(RunnerRow).where(RunnerRow.sweep_id == sweep_id).order_by(RunnerRow.ordinal.desc())
    return (await session.scalars(query.limit(limit))).all()


async def tokens_of_unfinished(session: Session) -> Sequence[str]:
    """Hashes of the tokens of every runner whose sweep has not finished."""
    query = select(RunnerRow.token_sha256).join(SweepRow, SweepRow.id == RunnerRow.sweep_id)
    return (await session.scalars(query.where(SweepRow.state.not_in(FINISHED_STATES)))).all()


async def sweeps_in_line(session: Session, cluster: str, *, since: datetime, besides: str) -> Sequence[SweepRow]:
    """Other sweeps that hand out trials and have stood in line for the cluster since then."""
    in_line = select(RunnerRow.sweep_id).where(
        RunnerRow.cluster == cluster,
        RunnerRow.state == RunnerState.LIVE,
        RunnerRow.is_draining.is_(False),
        RunnerRow.asked_at >= since,
    )
    query = select(SweepRow).where(SweepRow.id.in_(in_line), SweepRow.id != besides, SweepRow.state.in_(OPEN_STATES))
    return (await session.scalars(query)).all()


async def extend_leases(session: Session, until: datetime) -> None:
    """Gives every active runner at least until `until`."""
    shorter = RunnerRow.state.in_(ACTIVE) & (RunnerRow.lease_until < until)
    await session.execute(update(RunnerRow).where(shorter).values(lease_until=until))


async def shorten_leases(session: Session, state: RunnerState, until: datetime) -> None:
    """Gives every runner in the state at most until `until`."""
    longer = (RunnerRow.state == state) & (RunnerRow.lease_until > until)
    await session.execute(update(RunnerRow).where(longer).values(lease_until=until))
