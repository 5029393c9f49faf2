"""What a person does with sweeps: create, list, look, cancel."""

import asyncio
import re
import secrets
from collections.abc import Sequence
from datetime import datetime

from search_spaces.metrics import METRICS
from search_spaces.outcomes import Outcome
from search_spaces.sweep_spec import SweepSpec, count_trials
from service.clusters.registry import ClusterRegistry
from service.db import projections, sweeps, trials
from service.db.database import Database, Session
from service.db.projections import ProjectionRow
from service.db.sweeps import SweepRow
from service.db.trials import TrialCount
from service.errors import BadFilter, NotFound, UnknownCluster, WrongState
from service.ledger import sweeps as ledger_sweeps
from service.lifecycle import FINISHED_STATES, SweepState, TrialState
from service.operations.cursors import decode_time_cursor, encode_cursor
from service.operations.idempotency import Idempotency
from service.schemas.sweeps import ArmProgress, SweepDetail, SweepLinks, SweepPage, SweepSummary
from service.search.designs import PlannedTrial, plan_trials
from service.search.suggestions import draw_next
from service.settings import Settings

LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}=.{0,200}", re.DOTALL)
"""A label of a spec and its value."""


async def create_sweep(
    database: Database,
    clusters: ClusterRegistry,
    spec: SweepSpec,
    *,
    owner: str,
    idempotency_key: str | None,
    now: datetime,
) -> str:
    """Id of the accepted sweep, with every trial of its design in the ledger. Waits for no cluster.

    The same owner's same Idempotency-Key with the same spec gives the sweep it made before. Raises
    UnknownCluster, and IdempotencyKeyReused for another spec.
    """
    for cluster in spec.clusters:
        if cluster not in clusters.names():
            raise UnknownCluster(f"unknown cluster {cluster!r}; registered: {', '.join(clusters.names()) or 'none'}")
    plan = await asyncio.to_thread(_plan, spec)
    creation = Idempotency(owner, idempotency_key, "sweeps", spec)
    async with database.write() as session:
        made_before = await creation.made_before(session)
        if made_before is not None:
            return made_before
        sweep = await ledger_sweeps.create(session, secrets.token_hex(6), spec, plan, owner=owner, now=now)
        creation.remember(session, sweep.id, now)
        return sweep.id


async def find_owned(session: Session, sweep_id: str, owner: str | None) -> SweepRow:
    """The owner's sweep of that id, anybody's for none. Raises NotFound for others' sweeps too."""
    sweep = await sweeps.find(session, sweep_id)
    if sweep is None or owner not in (None, sweep.owner):
        raise NotFound(f"no sweep {sweep_id!r}")
    return sweep


async def list_sweeps(
    session: Session,
    owner: str | None,
    *,
    limit: int,
    cursor: str | None,
    state: SweepState | None,
    name: str | None,
    labels: Sequence[str] = (),
) -> SweepPage:
    """A page of the owner's sweeps, everybody's for none, newest first.

    `labels` are texts such as team=vision. Raises BadFilter for one that is not.
    """
    after = None if cursor is None else decode_time_cursor(cursor)
    rows = await sweeps.page(
        session, owner, limit=limit + 1, after=after, state=state, name=name, labels=_read_labels(labels)
    )
    ended = await trials.count_ended(session, [row.id for row in rows[:limit]])
    items = [_summarise(row, ended.get(row.id, 0)) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    next_cursor = encode_cursor(last.created_at.isoformat(), last.id) if last else None
    return SweepPage(items=items, next_cursor=next_cursor)


async def describe_sweep(session: Session, settings: Settings, sweep: SweepRow) -> SweepDetail:
    """The sweep with the progress of its arms."""
    spec = sweep.spec
    counts = await trials.counts(session, sweep.id)
    maximize = METRICS[spec.score_metric.name].goal == "maximize"
    best = await trials.best_scores(session, sweep.id, maximize=maximize)
    running_seconds = await trials.running_device_seconds(session, sweep.id)
    summary = _summarise(sweep, sum(count.trials for count in counts if count.state is TrialState.ENDED))
    shown = await projections.find(session, sweep.id)
    assert shown is not None, f"sweep {sweep.id} has no projection"
    return SweepDetail(
        **summary.model_dump(),
        spec=spec,
        arms=[_progress(spec, arm.name, counts, best.get(arm.name)) for arm in spec.arms],
        device_seconds=sum(count.device_seconds for count in counts) + running_seconds,
        links=_links(settings, sweep, shown),
        mlflow_events_behind=sweep.event_count - shown.sequence,
    )


async def cancel_sweep(session: Session, settings: Settings, sweep: SweepRow, now: datetime) -> None:
    """Cancels the sweep; doing it again changes nothing. Raises WrongState when it has finished otherwise."""
    locked = await sweeps.find(session, sweep.id, lock=True)
    assert locked is not None, f"sweep {sweep.id} vanished"
    if locked.state in (SweepState.CANCELLING, SweepState.CANCELLED):
        return
    if locked.state in FINISHED_STATES:
        raise WrongState(f"sweep {sweep.id} is {locked.state.value} already and cannot be cancelled")
    await ledger_sweeps.cut(session, settings, locked, SweepState.CANCELLED, now, "cancelled by its owner")


def _plan(spec: SweepSpec) -> list[PlannedTrial]:
    """The trials that can be planned now: none of a search, whose first draw only shows that it can be drawn."""
    if spec.design.kind != "search":
        return plan_trials(spec)
    draw_next(spec, [])
    return []


def _read_labels(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Labels with the values that they must have."""
    for text in texts:
        if not LABEL.fullmatch(text):
            raise BadFilter(f"label cannot be {text!r}; accepted: a label and its value, such as team=vision")
    return [(label, value) for label, _, value in (text.partition("=") for text in texts)]


def _summarise(sweep: SweepRow, trials_ended: int) -> SweepSummary:
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


def _progress(spec: SweepSpec, arm: str, counts: list[TrialCount], best_score: float | None) -> ArmProgress:
    own = [count for count in counts if count.arm == arm]
    outcomes: dict[Outcome, int] = {count.outcome: count.trials for count in own if count.outcome is not None}
    running = sum(count.trials for count in own if count.state is TrialState.RUNNING)
    total = count_trials(spec) // len(spec.arms)
    return ArmProgress(
        arm=arm,
        total=total,
        planned=total - running - sum(outcomes.values()),
        running=running,
        outcomes=outcomes,
        best_score=best_score,
    )


def _links(settings: Settings, sweep: SweepRow, shown: ProjectionRow) -> SweepLinks:
    path = f"{settings.public_url}/v1/sweeps/{sweep.id}"
    mlflow = None
    if shown.run_id is not None and settings.mlflow_uri is not None:
        mlflow = f"{settings.mlflow_uri}/#/experiments/{shown.experiment_id}/runs/{shown.run_id}"
    return SweepLinks(report=f"{path}/report", events=f"{path}/events", mlflow=mlflow)
