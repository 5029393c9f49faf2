"""The life of a sweep in the ledger: created with its trials, moved from state to state, cut."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from search_spaces.sweep_spec import SweepSpec, count_trials
from service.db import events, reports
from service.db.database import Session
from service.db.projections import ProjectionRow
from service.db.sweeps import SweepRow
from service.db.trials import TrialRow
from service.errors import WrongState
from service.ledger.outcomes import cancel_open_trials
from service.ledger.runners import drain_all, fence_all
from service.lifecycle import FINISHED_STATES, SweepState, TrialState, advance
from service.search.designs import PlannedTrial
from service.settings import Settings


async def create(
    session: Session, sweep_id: str, spec: SweepSpec, plan: Sequence[PlannedTrial], *, owner: str, now: datetime
) -> SweepRow:
    """A queued sweep with its planned trials; a search has none yet."""
    sweep = SweepRow(
        id=sweep_id,
        name=spec.name,
        owner=owner,
        spec_document=spec.model_dump(mode="json"),
        priority=spec.priority,
        state=SweepState.QUEUED,
        created_at=now,
        moved_at=now,
        due_at=now,
    )
    session.add(sweep)
    await session.flush()
    session.add(ProjectionRow(sweep_id=sweep_id))
    session.add_all(trial_row(sweep_id, planned) for planned in plan)
    await events.append(session, sweep_id, "sweep.state", now, old=None, new=sweep.state, reason=None)
    return sweep


def trial_row(sweep_id: str, planned: PlannedTrial) -> TrialRow:
    """A planned trial, not yet in a session."""
    return TrialRow(
        sweep_id=sweep_id,
        number=planned.number,
        arm=planned.arm,
        point=planned.point,
        replicate=planned.replicate,
        config_document=planned.config.model_dump(mode="json"),
        search_attributes=dict(planned.search_attributes),
        state=TrialState.PLANNED,
    )


async def plan_more(
    session: Session, sweep: SweepRow, spec: SweepSpec, plan: Sequence[PlannedTrial], now: datetime
) -> None:
    """The sweep becomes a larger one: `plan` holds the trials of its new spec that can be planned ahead."""
    sweep.spec_document = spec.model_dump(mode="json")
    wake(sweep, now)
    session.add_all(trial_row(sweep.id, planned) for planned in plan)
    total = count_trials(spec)
    await events.append(
        session, sweep.id, "sweep.extended", now, configurations=spec.design.configurations, trials=total
    )


async def change(session: Session, sweep: SweepRow, spec: SweepSpec, now: datetime, changes: dict[str, Any]) -> None:
    """The sweep goes on with another spec, which differs by `changes` in what may change while it runs."""
    sweep.spec_document, sweep.priority = spec.model_dump(mode="json"), spec.priority
    wake(sweep, now)
    await events.append(session, sweep.id, "sweep.changed", now, changes=changes)


def wake(sweep: SweepRow, now: datetime) -> None:
    """The sweep is another one now: whatever is being decided about it is out of date, and it is looked at anew."""
    sweep.generation += 1
    sweep.due_at = now


async def pause(session: Session, sweep: SweepRow, now: datetime, reason: str) -> None:
    """No trial is handed out any more; those that run come back with their last checkpoint."""
    await move(session, sweep, SweepState.PAUSED, now, reason)
    await drain_all(session, sweep.id, now, reason)


async def resume(session: Session, sweep: SweepRow, now: datetime) -> None:
    """The sweep goes on where it was paused."""
    paused_seconds = (now - sweep.moved_at).total_seconds()
    await move(session, sweep, SweepState.RUNNING if sweep.started_at else SweepState.QUEUED, now)
    sweep.paused_seconds += paused_seconds


async def reopen(session: Session, sweep: SweepRow, now: datetime, reason: str) -> None:
    """A finished sweep has trials to run again: it is queued anew, and its report is out of date.

    Raises WrongState while it is being deleted: its checkpoints may be gone.
    """
    if sweep.deletion_began_at is not None:
        raise WrongState(f"sweep {sweep.id} is being deleted since {sweep.deletion_began_at.isoformat()}: delete it")
    sweep.cut_reason = sweep.ends_as = sweep.started_at = sweep.ended_at = None
    sweep.paused_seconds, sweep.reopened_at = 0.0, now
    await reports.delete(session, sweep.id)
    await move(session, sweep, SweepState.QUEUED, now, reason)


async def analyse_again(session: Session, sweep: SweepRow, now: datetime, reason: str) -> None:
    """The report of a sweep could not be made: it is tried again, from the same trials."""
    sweep.ended_at = None
    await move(session, sweep, SweepState.ANALYSING, now, reason)


async def move(session: Session, sweep: SweepRow, new: SweepState, now: datetime, reason: str | None = None) -> None:
    """Moves the sweep to another state. Raises WrongState when it cannot go there."""
    old, sweep.state = sweep.state, advance(sweep.state, new)
    sweep.state_reason = reason or sweep.cut_reason
    sweep.moved_at = now
    wake(sweep, now)
    if new is SweepState.RUNNING and sweep.started_at is None:
        sweep.started_at, sweep.paused_seconds = now, 0.0
    if new in FINISHED_STATES:
        sweep.ended_at = now
    await events.append(session, sweep.id, "sweep.state", now, old=old, new=new, reason=reason)


async def cut(
    session: Session, settings: Settings, sweep: SweepRow, then: SweepState, now: datetime, reason: str
) -> None:
    """Ends every open trial as cancelled and fences every runner, for `reason`.

    `then` is analysing where the ended trials are still worth a report, else cancelled or failed, which
    the sweep becomes once nothing of it runs on a cluster any more.
    """
    sweep.cut_reason = reason
    await fence_all(session, settings, sweep.id, now, reason)
    await cancel_open_trials(session, sweep.id, now, reason)
    if then is SweepState.ANALYSING:
        await move(session, sweep, then, now, reason)
        return
    sweep.ends_as = then
    await move(session, sweep, SweepState.CANCELLING, now, reason)
