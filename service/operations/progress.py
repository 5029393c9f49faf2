"""How a sweep is shown: its arms, its budget, its runners, and where to look further."""

from collections.abc import Sequence
from datetime import datetime

from search_spaces.metrics import METRICS
from search_spaces.outcomes import Outcome
from search_spaces.sweep_spec import SweepSpec, count_trials
from service.db import clusters, projections, runners, trials
from service.db.database import Session
from service.db.projections import ProjectionRow
from service.db.runners import RunnerRow
from service.db.sweeps import SweepRow
from service.db.trials import TrialCount
from service.lifecycle import TrialState
from service.operations.preconditions import etag_of
from service.schemas.runners import RunnerView
from service.schemas.sweeps import ArmProgress, BudgetUse, SweepDetail, SweepLinks, SweepSummary, Use
from service.search.pareto import pareto_front
from service.settings import Settings
from service.tracking.presentation import without_credentials

RUNNERS_SHOWN = 20


def summarise_sweep(sweep: SweepRow, trials_ended: int) -> SweepSummary:
    """The sweep as one line of a list."""
    return SweepSummary(
        id=sweep.id,
        name=sweep.name,
        owner=sweep.owner,
        state=sweep.state,
        state_reason=sweep.state_reason,
        labels=sweep.spec_document["labels"],
        created_at=sweep.created_at,
        started_at=sweep.started_at,
        ended_at=sweep.ended_at,
        trials=count_trials(sweep.spec),
        trials_ended=trials_ended,
    )


async def describe_sweep(session: Session, settings: Settings, sweep: SweepRow, now: datetime) -> SweepDetail:
    """The sweep with the progress of its arms."""
    spec = sweep.spec
    counts = await trials.counts(session, sweep.id)
    maximize = METRICS[spec.score_metric.name].goal == "maximize"
    best = await trials.best_scores(session, sweep.id, maximize=maximize)
    fronts = await _pareto_fronts(session, sweep, spec)
    device_seconds = sum(count.device_seconds for count in counts)
    device_seconds += await trials.running_device_seconds(session, sweep.id)
    newest = await runners.newest(session, sweep.id, limit=RUNNERS_SHOWN)
    summary = summarise_sweep(sweep, sum(count.trials for count in counts if count.state is TrialState.ENDED))
    shown = await projections.find(session, sweep.id)
    assert shown is not None, f"sweep {sweep.id} has no projection"
    return SweepDetail(
        **summary.model_dump(),
        etag=etag_of(sweep.version),
        spec=spec,
        arms=[_progress(spec, arm.name, counts, best.get(arm.name), fronts.get(arm.name, [])) for arm in spec.arms],
        device_seconds=device_seconds,
        budget=_budget(sweep, spec, counts, device_seconds, now),
        runners=[RunnerView.model_validate(row, from_attributes=True) for row in newest],
        links=_links(settings, sweep, shown, await _dashboards(session, newest)),
        mlflow_events_behind=sweep.event_count - shown.sequence,
        mlflow_problem=shown.problem,
    )


async def _pareto_fronts(session: Session, sweep: SweepRow, spec: SweepSpec) -> dict[str, list[int]]:
    """Arm → numbers of the trials on its front, where the sweep has several metrics."""
    if len(spec.metrics) == 1:
        return {}
    goals = [METRICS[metric.name].goal for metric in spec.metrics]
    found: dict[str, dict[int, list[float]]] = {}
    for arm, number, scores in await trials.completed_scores(session, sweep.id):
        found.setdefault(arm, {})[number] = [scores[metric.name] for metric in spec.metrics]
    return {arm: pareto_front(rows, goals) for arm, rows in found.items()}


def _progress(
    spec: SweepSpec, arm: str, counts: list[TrialCount], best_score: float | None, front: list[int]
) -> ArmProgress:
    own = [count for count in counts if count.arm == arm]
    outcomes: dict[Outcome, int] = {count.outcome: count.trials for count in own if count.outcome is not None}
    running = sum(count.trials for count in own if count.state is TrialState.RUNNING)
    is_search = spec.design.kind == "search"
    total = count_trials(spec) // len(spec.arms) if is_search else sum(count.trials for count in own)
    return ArmProgress(
        arm=arm,
        total=total,
        planned=total - running - sum(outcomes.values()),
        running=running,
        outcomes=outcomes,
        best_score=best_score,
        pareto_front=front,
    )


def _budget(
    sweep: SweepRow, spec: SweepSpec, counts: list[TrialCount], device_seconds: float, now: datetime
) -> BudgetUse:
    budget = spec.budget
    ended = sum(count.trials for count in counts if count.state is TrialState.ENDED)
    failed = sum(count.trials for count in counts if count.outcome is Outcome.FAILED)
    return BudgetUse(
        device_hours=Use(used=device_seconds / 3600, limit=budget.device_hours),
        wall_clock_seconds=Use(used=sweep.running_seconds(now), limit=budget.wall_clock),
        failure_rate=Use(used=failed / ended if ended else 0.0, limit=budget.max_failure_rate),
    )


async def _dashboards(session: Session, shown: Sequence[RunnerRow]) -> dict[str, str]:
    used = {runner.cluster for runner in shown}
    return {row.name: row.address for row in await clusters.every(session) if row.name in used}


def _links(settings: Settings, sweep: SweepRow, shown: ProjectionRow, dashboards: dict[str, str]) -> SweepLinks:
    path = f"{settings.links_url}/v1/sweeps/{sweep.id}"
    mlflow = None
    if shown.run_id is not None and settings.mlflow_links_url is not None:
        mlflow = (
            f"{without_credentials(settings.mlflow_links_url)}/#/experiments/{shown.experiment_id}/runs/{shown.run_id}"
        )
    return SweepLinks(report=f"{path}/report", events=f"{path}/events", mlflow=mlflow, clusters=dashboards)
