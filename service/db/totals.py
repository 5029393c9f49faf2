"""Totals over the whole ledger, for metrics: each one query that an index answers."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from search_spaces.outcomes import Outcome
from service.db.clusters import ClusterRow
from service.db.database import Session
from service.db.deliveries import DeliveryRow
from service.db.projections import ProjectionRow
from service.db.runners import ACTIVE, RunnerRow
from service.db.sweeps import SweepRow
from service.db.trials import AttemptRow, TrialRow
from service.lifecycle import RunnerState, SweepState, TrialState


class TrialTotal(NamedTuple):
    """Trials in a state with an outcome, and the device-seconds of their ended attempts."""

    state: TrialState
    outcome: Outcome | None
    trials: int
    device_seconds: float


class RunningTotal(NamedTuple):
    """Attempts that run on a cluster now, and what they have used so far."""

    cluster: str
    attempts: int
    device_seconds: float


class Backlog(NamedTuple):
    """Things that wait, and since when the oldest of them does."""

    waiting: int
    oldest_at: datetime | None


async def sweeps_by_state(session: Session) -> dict[SweepState, int]:
    """How many sweeps are in each state."""
    rows = await session.execute(select(SweepRow.state, func.count()).group_by(SweepRow.state))
    return {row[0]: row[1] for row in rows}


async def trials_by_outcome(session: Session) -> list[TrialTotal]:
    """How many trials are where."""
    groups = (TrialRow.state, TrialRow.outcome)
    rows = await session.execute(select(*groups, func.count(), func.sum(TrialRow.device_seconds)).group_by(*groups))
    return [TrialTotal(*row) for row in rows]


async def running_by_cluster(session: Session) -> list[RunningTotal]:
    """What runs on each cluster, by the attempts of the runners that are believed."""
    query = select(RunnerRow.cluster, func.count(AttemptRow.id), func.sum(AttemptRow.device_seconds))
    query = query.join(AttemptRow, AttemptRow.runner_id == RunnerRow.id)
    query = query.where(RunnerRow.state.in_(ACTIVE), AttemptRow.ended_at.is_(None)).group_by(RunnerRow.cluster)
    return [RunningTotal(*row) for row in await session.execute(query)]


async def runners_by_cluster(session: Session) -> dict[tuple[str, RunnerState], int]:
    """How many runners each cluster has had, by the state they are in."""
    groups = (RunnerRow.cluster, RunnerRow.state)
    rows = await session.execute(select(*groups, func.count()).group_by(*groups))
    return {(cluster, state): runners for cluster, state, runners in rows}


async def events_behind(session: Session) -> int:
    """Events that MLflow does not show yet."""
    behind = func.sum(SweepRow.event_count - ProjectionRow.sequence)
    query = select(behind).join(ProjectionRow, ProjectionRow.sweep_id == SweepRow.id)
    return int(await session.scalar(query.where(ProjectionRow.sequence < SweepRow.event_count)) or 0)


async def outbox(session: Session) -> Backlog:
    """Messages of webhooks that are still to be sent."""
    query = select(func.count(), func.min(DeliveryRow.created_at)).where(DeliveryRow.due_at.is_not(None))
    return Backlog(*(await session.execute(query)).one())


async def healthy_clusters(session: Session) -> dict[str, bool]:
    """Whether each cluster that was looked at answers; nobody misses one that is being taken away."""
    query = select(ClusterRow.name, ClusterRow.is_healthy)
    query = query.where(ClusterRow.is_healthy.is_not(None), ~ClusterRow.is_draining)
    return {row[0]: bool(row[1]) for row in await session.execute(query)}
