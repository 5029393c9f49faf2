"""Trials, their attempts and their results: the tables and their queries."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, mapped_column

from search_spaces.outcomes import Outcome
from search_spaces.trial_config import TrialConfig
from service.db.base import Base, Json, LargeCount, UtcDateTime, Word
from service.db.database import Session
from service.db.runners import RunnerRow
from service.db.sweeps import SweepRow
from service.lifecycle import FINISHED_STATES, TrialState


class TrialRow(Base):
    """One configuration × one seed of one arm."""

    __tablename__ = "trials"
    __table_args__ = (
        UniqueConstraint("sweep_id", "number"),
        UniqueConstraint("sweep_id", "arm", "point", "replicate"),
        Index(None, "sweep_id", "state", "number"),
        # A filtered page costs the same however many trials there are.
        Index(None, "sweep_id", "arm", "number"),
        Index(None, "sweep_id", "outcome", "number"),
        Index(None, "sweep_id", "point", "number"),
        # Covers what a sweep's progress is counted from.
        Index("ix_trials_progress", "sweep_id", "arm", "state", "outcome", "device_seconds", "score"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    sweep_id: Mapped[str] = mapped_column(ForeignKey("sweeps.id", ondelete="CASCADE"))
    number: Mapped[int]
    arm: Mapped[str] = mapped_column(String(60))
    point: Mapped[int]
    replicate: Mapped[int]
    config_document: Mapped[dict[str, Any]] = mapped_column(Json)
    state: Mapped[TrialState] = mapped_column(Word(TrialState), default=TrialState.PLANNED)
    outcome: Mapped[Outcome | None] = mapped_column(Word(Outcome))
    reason: Mapped[str | None] = mapped_column(Text)
    score: Mapped[float | None]
    scores: Mapped[dict[str, float]] = mapped_column(Json, default=dict)
    facts: Mapped[dict[str, str]] = mapped_column(Json, default=dict)
    """What its last attempt ran on."""
    attempts: Mapped[int] = mapped_column(default=0)
    losses: Mapped[int] = mapped_column(default=0)
    """Attempts that were lost though nobody wanted it: a drained one is none."""
    checkpoint: Mapped[str | None] = mapped_column(Text)
    image_passes: Mapped[int] = mapped_column(LargeCount, default=0)
    device_seconds: Mapped[float] = mapped_column(default=0.0)
    """Over all attempts that have ended."""
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    search_attributes: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    """What the sampler that drew it noted with it, to draw later ones."""
    mlflow_run_id: Mapped[str | None] = mapped_column(String(64))

    @property
    def config(self) -> TrialConfig:
        """The configuration, as a document of the vocabulary."""
        return TrialConfig.model_validate(self.config_document)


class AttemptRow(Base):
    """One execution of a trial by one runner."""

    __tablename__ = "attempts"
    __table_args__ = (
        UniqueConstraint("runner_id", "tune_trial_id"),
        UniqueConstraint("trial_id", "number"),
        Index("ix_attempts_runner_id_ended_at", "runner_id", "ended_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    trial_id: Mapped[int] = mapped_column(ForeignKey("trials.id", ondelete="CASCADE"))
    number: Mapped[int]
    runner_id: Mapped[str] = mapped_column(ForeignKey("runners.id", ondelete="CASCADE"))
    tune_trial_id: Mapped[str] = mapped_column(String(100))
    devices: Mapped[float] = mapped_column(default=1.0)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    heard_before: Mapped[float] = mapped_column(default=0.0)
    """How long its runner had been heard of when it started."""
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ending: Mapped[str | None] = mapped_column(String(20))
    """The trial's outcome, `lost` or `drained`."""
    device_seconds: Mapped[float] = mapped_column(default=0.0)


@dataclass(frozen=True)
class TrialCount:
    """How many trials of an arm are in a state, with an outcome."""

    arm: str
    state: TrialState
    outcome: Outcome | None
    trials: int
    device_seconds: float


@dataclass(frozen=True)
class TrialFilter:
    """Which trials of a sweep are wanted; none does not ask."""

    arm: str | None = None
    state: TrialState | None = None
    outcome: Outcome | None = None
    point: int | None = None


EVERY_TRIAL = TrialFilter()


async def find(session: Session, sweep_id: str, number: int) -> TrialRow | None:
    """The trial of that number."""
    query = select(TrialRow).where(TrialRow.sweep_id == sweep_id, TrialRow.number == number)
    return (await session.scalars(query)).one_or_none()


async def page(
    session: Session,
    sweep_id: str,
    *,
    limit: int | None = None,
    after: int = -1,
    matching: TrialFilter = EVERY_TRIAL,
) -> Sequence[TrialRow]:
    """Trials that match, with a number greater than `after`, by number."""
    query = select(TrialRow).where(TrialRow.sweep_id == sweep_id, TrialRow.number > after)
    for name, value in asdict(matching).items():
        if value is not None:
            query = query.where(getattr(TrialRow, name) == value)
    return (await session.scalars(query.order_by(TrialRow.number).limit(limit))).all()


async def numbered(session: Session, sweep_id: str, numbers: Collection[int]) -> Sequence[TrialRow]:
    """The trials of those numbers."""
    query = select(TrialRow).where(TrialRow.sweep_id == sweep_id, TrialRow.number.in_(numbers))
    return (await session.scalars(query.order_by(TrialRow.number))).all()


async def in_state(session: Session, sweep_id: str, *states: TrialState) -> Sequence[TrialRow]:
    """Trials in any of the states, by number."""
    query = select(TrialRow).where(TrialRow.sweep_id == sweep_id, TrialRow.state.in_(states))
    return (await session.scalars(query.order_by(TrialRow.number))).all()


async def first_planned(session: Session, sweep_id: str) -> TrialRow | None:
    """The planned trial with the lowest number."""
    query = select(TrialRow).where(TrialRow.sweep_id == sweep_id, TrialRow.state == TrialState.PLANNED)
    return (await session.scalars(query.order_by(TrialRow.number).limit(1))).one_or_none()


async def count_running(session: Session, sweep_id: str) -> int:
    """How many trials run now. Costs as much as there are, whatever has ended before."""
    query = select(func.count()).where(TrialRow.sweep_id == sweep_id, TrialRow.state == TrialState.RUNNING)
    return await session.scalar(query) or 0


async def count_running_by_sweep(session: Session) -> dict[str, tuple[str, int]]:
    """Sweep id → its owner, and how many of its trials run now; for every sweep that has not finished."""
    query = select(SweepRow.id, SweepRow.owner, func.count()).join(TrialRow, TrialRow.sweep_id == SweepRow.id)
    query = query.where(SweepRow.state.not_in(FINISHED_STATES), TrialRow.state == TrialState.RUNNING)
    rows = await session.execute(query.group_by(SweepRow.id, SweepRow.owner))
    return {sweep_id: (owner, count) for sweep_id, owner, count in rows}


async def device_seconds_of_owner(session: Session, owner: str, *, since: datetime) -> float:
    """Device-seconds of the attempts that the owner's sweeps have started since then."""
    query = select(func.sum(AttemptRow.device_seconds)).join(TrialRow, TrialRow.id == AttemptRow.trial_id)
    query = query.join(SweepRow, SweepRow.id == TrialRow.sweep_id)
    return await session.scalar(query.where(SweepRow.owner == owner, AttemptRow.started_at >= since)) or 0.0


async def count_all(session: Session, sweep_id: str) -> int:
    """How many trials the ledger knows: they are numbered without a gap."""
    last = await session.scalar(select(func.max(TrialRow.number)).where(TrialRow.sweep_id == sweep_id))
    return 0 if last is None else last + 1


async def places(session: Session, sweep_id: str) -> set[tuple[str, int, int]]:
    """(arm, point, replicate) of every trial that the ledger knows."""
    query = select(TrialRow.arm, TrialRow.point, TrialRow.replicate).where(TrialRow.sweep_id == sweep_id)
    return {(arm, point, replicate) for arm, point, replicate in await session.execute(query)}


async def ended_as(session: Session, sweep_id: str, outcomes: Collection[Outcome]) -> Sequence[TrialRow]:
    """Trials with one of these outcomes, by number."""
    query = select(TrialRow).where(TrialRow.sweep_id == sweep_id, TrialRow.outcome.in_(outcomes))
    return (await session.scalars(query.order_by(TrialRow.number))).all()


async def counts(session: Session, sweep_id: str) -> list[TrialCount]:
    """How many trials are where, with the device-seconds of their ended attempts."""
    groups = (TrialRow.arm, TrialRow.state, TrialRow.outcome)
    query = select(*groups, func.count(), func.sum(TrialRow.device_seconds))
    rows = await session.execute(query.where(TrialRow.sweep_id == sweep_id).group_by(*groups))
    return [TrialCount(*row) for row in rows]


async def count_ended(session: Session, sweep_ids: Collection[str]) -> dict[str, int]:
    """Sweep id → how many of its trials have ended; a sweep without any is absent."""
    query = select(TrialRow.sweep_id, func.count()).where(
        TrialRow.sweep_id.in_(sweep_ids), TrialRow.state == TrialState.ENDED
    )
    rows = await session.execute(query.group_by(TrialRow.sweep_id))
    return dict(rows.all())


async def best_scores(session: Session, sweep_id: str, *, maximize: bool) -> dict[str, float]:
    """Arm → best score of its completed trials."""
    best = func.max(TrialRow.score) if maximize else func.min(TrialRow.score)
    query = select(TrialRow.arm, best).where(TrialRow.sweep_id == sweep_id, TrialRow.outcome == Outcome.COMPLETED)
    rows = await session.execute(query.group_by(TrialRow.arm))
    return {arm: score for arm, score in rows if score is not None}


async def completed_scores(session: Session, sweep_id: str) -> list[tuple[str, int, dict[str, float]]]:
    """Arm, number and scores of every completed trial."""
    query = select(TrialRow.arm, TrialRow.number, TrialRow.scores)
    query = query.where(TrialRow.sweep_id == sweep_id, TrialRow.outcome == Outcome.COMPLETED)
    return [(row[0], row[1], row[2]) for row in await session.execute(query)]


async def open_attempts(session: Session, runner_id: str) -> Sequence[tuple[AttemptRow, TrialRow]]:
    """Attempts of a runner that have not ended, with their trials."""
    query = select(AttemptRow, TrialRow).join(TrialRow, TrialRow.id == AttemptRow.trial_id)
    query = query.where(AttemptRow.runner_id == runner_id, AttemptRow.ended_at.is_(None))
    return [(attempt, trial) for attempt, trial in await session.execute(query.order_by(AttemptRow.id))]


async def find_attempts(
    session: Session, runner_id: str, tune_trial_ids: Collection[str]
) -> dict[str, tuple[AttemptRow, TrialRow]]:
    """What a runner calls its attempts → those of them that there are, each with its trial."""
    query = select(AttemptRow, TrialRow).join(TrialRow, TrialRow.id == AttemptRow.trial_id)
    query = query.where(AttemptRow.runner_id == runner_id, AttemptRow.tune_trial_id.in_(tune_trial_ids))
    return {attempt.tune_trial_id: (attempt, trial) for attempt, trial in await session.execute(query)}


async def attempts_of(session: Session, trial_id: int) -> Sequence[AttemptRow]:
    """Every attempt of a trial, the first one first."""
    query = select(AttemptRow).where(AttemptRow.trial_id == trial_id).order_by(AttemptRow.number)
    return (await session.scalars(query)).all()


async def attempts_with_clusters(session: Session, trial_id: int) -> Sequence[tuple[AttemptRow, str]]:
    """Every attempt of a trial, the first one first, with the cluster that it ran on."""
    query = select(AttemptRow, RunnerRow.cluster).join(RunnerRow, RunnerRow.id == AttemptRow.runner_id)
    rows = await session.execute(query.where(AttemptRow.trial_id == trial_id).order_by(AttemptRow.number))
    return [(attempt, cluster) for attempt, cluster in rows]


async def outcomes(session: Session, sweep_id: str, arm: str) -> dict[int, Outcome | None]:
    """Number → outcome of every trial of the arm; None before its end."""
    query = select(TrialRow.number, TrialRow.outcome).where(TrialRow.sweep_id == sweep_id, TrialRow.arm == arm)
    return {row[0]: row[1] for row in await session.execute(query)}


async def running_device_seconds(session: Session, sweep_id: str) -> float:
    """Device-seconds of the attempts that are still running, as far as they were reported."""
    query = select(func.sum(AttemptRow.device_seconds)).join(TrialRow, TrialRow.id == AttemptRow.trial_id)
    query = query.where(TrialRow.sweep_id == sweep_id, AttemptRow.ended_at.is_(None))
    return await session.scalar(query) or 0.0
