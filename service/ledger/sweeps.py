"""The life of a sweep in the ledger: created with its trials, moved from state to state, cut."""

from collections.abc import Sequence
from datetime import datetime

from search_spaces.sweep_spec import SweepSpec
from service.db import events
from service.db.database import Session
from service.db.projections import ProjectionRow
from service.db.sweeps import SweepRow
from service.db.trials import TrialRow
from service.ledger.outcomes import cancel_open_trials
from service.ledger.runners import fence_all
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
        state=TrialState.PLANNED,
    )


async def move(session: Session, sweep: SweepRow, new: SweepState, now: datetime, reason: str | None = None) -> None:
    """Moves the sweep to another state. Raises WrongState when it cannot go there."""
    old, sweep.state = sweep.state, advance(sweep.state, new)
    sweep.state_reason = reason or sweep.cut_reason
    sweep.moved_at = sweep.due_at = now
    if new is SweepState.RUNNING:
        sweep.started_at = now
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
