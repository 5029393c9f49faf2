"""What clusters and MLflow say of a sweep when an audit asks them. One that does not answer says nothing."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from service.clusters.protocol import ClusterRefused, ClusterUnreachable, ListedJob
from service.clusters.registry import ClusterRegistry
from service.db import projections, runners, sweeps
from service.db.database import Database
from service.db.projections import ProjectionRow
from service.db.sweeps import SweepRow
from service.errors import UnknownCluster
from service.schemas.audit import NotCompared, Part
from service.settings import Settings
from service.tracking import presentation
from service.tracking.batch import known_run, view_sweep
from service.tracking.protocol import SweepRun, TrackingRefused, TrackingUnavailable
from service.tracking.server import TrackingServer
from service.tracking.view import SeenRun, SweepView

Jobs = Mapping[str, ListedJob]
"""The jobs of a cluster by submission id."""


@dataclass(frozen=True)
class Auditor:
    """What an audit works with."""

    database: Database
    settings: Settings
    clusters: ClusterRegistry
    tracking: TrackingServer | None
    clock: Callable[[], datetime]


@dataclass(frozen=True)
class SeenInMlflow:
    """The runs of a sweep."""

    runs: list[SeenRun]
    points: dict[str, dict[str, int]]
    """Run id → metric → how many points its curve has."""
    told_until: int
    """MLflow had been told of the events up to this one when it was asked."""


@dataclass(frozen=True)
class Testimony:
    """What others say of a sweep."""

    jobs: dict[str, Jobs]
    """By cluster."""
    mlflow: SeenInMlflow | None
    silent: list[NotCompared]
    """Those that did not answer."""


async def ask_others(auditor: Auditor, sweep_id: str) -> Testimony:
    """Asks every cluster that the sweep has had a runner on, and MLflow."""
    async with auditor.database.read() as session:
        sweep = await sweeps.get(session, sweep_id)
        own = [row for row in await runners.of_sweep(session, sweep_id) if not row.is_external]
        cursor = await projections.find(session, sweep_id)
    assert cursor is not None, f"sweep {sweep_id} has no projection"
    names = sorted({row.cluster for row in own})
    mlflow, answers = await asyncio.gather(
        _ask_mlflow(auditor.tracking, sweep, cursor), _ask_clusters(auditor.clusters, names)
    )
    jobs = {name: answer for name, answer in answers.items() if not isinstance(answer, NotCompared)}
    silent = [answer for answer in (mlflow, *answers.values()) if isinstance(answer, NotCompared)]
    return Testimony(jobs, mlflow if isinstance(mlflow, SeenInMlflow) else None, silent)


async def _ask_clusters(clusters: ClusterRegistry, names: Sequence[str]) -> dict[str, Jobs | NotCompared]:
    answers = await asyncio.gather(*[_ask_cluster(clusters, name) for name in names])
    return dict(zip(names, answers, strict=True))


async def _ask_cluster(clusters: ClusterRegistry, name: str) -> Jobs | NotCompared:
    try:
        client = await clusters.client(name)
        jobs = await client.list_jobs()
    except (ClusterUnreachable, ClusterRefused, UnknownCluster) as error:
        return NotCompared(part=Part.RAY, subject=f"cluster {name}", reason=str(error))
    return {job.submission_id: job for job in jobs}


async def _ask_mlflow(
    tracking: TrackingServer | None, sweep: SweepRow, cursor: ProjectionRow
) -> SeenInMlflow | NotCompared:
    if tracking is None:
        return not_compared_with_mlflow(sweep.id, "no MLflow server is configured")
    if cursor.is_stale:
        return not_compared_with_mlflow(sweep.id, "it is being made anew")
    view, known = view_sweep(sweep, tracking), known_run(cursor)
    try:
        return await asyncio.to_thread(_read_mlflow, tracking, view, known, cursor.sequence)
    except (TrackingUnavailable, TrackingRefused) as error:
        return not_compared_with_mlflow(sweep.id, str(error))


def not_compared_with_mlflow(sweep_id: str, reason: str) -> NotCompared:
    """Nothing can be said of what MLflow shows."""
    return NotCompared(part=Part.MLFLOW, subject=f"sweep {sweep_id}", reason=reason)


def _read_mlflow(tracking: TrackingServer, sweep: SweepView, known: SweepRun | None, told_until: int) -> SeenInMlflow:
    runs = tracking.store.read_runs(sweep, known)
    metrics = {name for run in runs for name in run.metrics} - set(presentation.COSTS)
    trial_runs = [run.run_id for run in runs if run.number is not None]
    return SeenInMlflow(runs, tracking.store.count_points(trial_runs, metrics), told_until)
