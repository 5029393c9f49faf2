"""What an owner does to a sweep on its way: pause, resume, cancel, change, extend, try again what failed.

Each may be repeated: what is so already stays so. Each looks at the version that the caller has seen.
"""

import asyncio
from datetime import datetime

from pydantic import ValidationError

from search_spaces.sweep_spec import SweepSpec
from service.clusters.registry import ClusterRegistry
from service.db import events, sweeps, trials
from service.db.database import Database, Session
from service.db.sweeps import SweepRow
from service.errors import InvalidSpec, MadeMeanwhile, WrongState
from service.ledger import sweeps as ledger_sweeps
from service.ledger.outcomes import plan_again
from service.lifecycle import FINISHED_STATES, OPEN_STATES, SweepState
from service.operations.preconditions import check_version
from service.operations.quotas import check_quota
from service.schemas.steering import RETRIED, ExtendRequest, RetryRequest, SweepPatch, merge, patched_spec
from service.search.designs import PlannedTrial, plan_missing_trials
from service.settings import Settings


async def pause_sweep(session: Session, sweep_id: str, if_match: str | None, now: datetime) -> None:
    """Runners give their trials back with their last checkpoint. Raises WrongState once nothing can be paused."""
    sweep = await _locked(session, sweep_id, if_match)
    if sweep.state is not SweepState.PAUSED:
        _check_state(sweep, OPEN_STATES, "paused")
        await ledger_sweeps.pause(session, sweep, now, "paused by its owner")
        sweep.version += 1


async def resume_sweep(
    session: Session, settings: Settings, sweep_id: str, if_match: str | None, now: datetime
) -> None:
    """The sweep goes on. Raises WrongState when it is neither paused nor going on already, and QuotaExceeded."""
    sweep = await _locked(session, sweep_id, if_match)
    if sweep.state not in OPEN_STATES:
        _check_state(sweep, {SweepState.PAUSED}, "resumed")
        await check_quota(session, settings, sweep.owner, now)
        await ledger_sweeps.resume(session, sweep, now)
        sweep.version += 1


async def cancel_sweep(
    session: Session, settings: Settings, sweep_id: str, if_match: str | None, now: datetime
) -> None:
    """Nothing of the sweep counts from now on. Raises WrongState when it has finished otherwise."""
    sweep = await _locked(session, sweep_id, if_match)
    if sweep.state in (SweepState.CANCELLING, SweepState.CANCELLED):
        return
    if sweep.state in FINISHED_STATES:
        raise WrongState(f"sweep {sweep.id} is {sweep.state.value} already and cannot be cancelled")
    await ledger_sweeps.cut(session, settings, sweep, SweepState.CANCELLED, now, "cancelled by its owner")
    sweep.version += 1


async def change_sweep(
    session: Session, clusters: ClusterRegistry, sweep_id: str, patch: SweepPatch, if_match: str | None, now: datetime
) -> None:
    """Changes what may change while a sweep runs. Raises UnknownCluster, and InvalidSpec as a new sweep would."""
    sweep = await _locked(session, sweep_id, if_match)
    if patch.clusters is not None:
        await clusters.check_choices(session, patch.clusters)
    spec = sweep.spec
    changes = patch.model_dump(mode="json", exclude_unset=True)
    try:
        changed = patched_spec(spec, patch)
    except ValidationError as error:
        raise InvalidSpec(error, changes) from error
    if changed != spec:
        await ledger_sweeps.change(session, sweep, changed, now, changes)
        sweep.version += 1


async def extend_sweep(
    database: Database, sweep_id: str, request: ExtendRequest, if_match: str | None, now: datetime
) -> None:
    """Adds configurations or replicates to the design; a sweep that has succeeded goes on.

    Raises InvalidSpec for a design that may not be, WrongState where there is nothing to go on with.
    """
    async with database.read() as session:
        sweep = await sweeps.get(session, sweep_id)
        check_version(if_match, sweep.version)
        _check_may_go_on(sweep, "extended")
        places = await trials.places(session, sweep_id)
    spec = _extended(sweep.spec, request)
    if spec == sweep.spec:
        return
    plan = await asyncio.to_thread(_missing, spec, places)
    async with database.write() as session:
        locked = await _locked(session, sweep_id, if_match)
        if locked.generation != sweep.generation:
            raise MadeMeanwhile(f"sweep {sweep_id} was changed at the same moment: look at it and ask again")
        await ledger_sweeps.plan_more(session, locked, spec, plan, now)
        locked.version += 1
        if locked.state in FINISHED_STATES:
            await ledger_sweeps.reopen(session, locked, now, "extended by its owner")


async def retry_failed(
    session: Session, sweep_id: str, request: RetryRequest, if_match: str | None, now: datetime
) -> None:
    """Plans trials again that ended without an answer; a sweep that has finished goes on for them.

    Where none ended so, a report that could not be made is made again. Raises WrongState when there is nothing to try
    again and the sweep has finished.
    """
    sweep = await _locked(session, sweep_id, if_match)
    _check_outcomes(request)
    _check_may_go_on(sweep, "tried again")
    ended = await trials.ended_as(session, sweep_id, request.outcomes)
    if ended:
        await events.append_many(session, sweep_id, [plan_again(trial) for trial in ended], now)
        ledger_sweeps.wake(sweep, now)
        sweep.version += 1
    if not ended and sweep.failed_without_cut:
        await ledger_sweeps.analyse_again(session, sweep, now, "its report is tried again")
        sweep.version += 1
        return
    if not ended and sweep.state in FINISHED_STATES:
        wanted = ", ".join(request.outcomes)
        raise WrongState(f"sweep {sweep_id} is {sweep.state.value} and none of its trials ended as {wanted}")
    if sweep.state in FINISHED_STATES:
        await ledger_sweeps.reopen(session, sweep, now, f"{len(ended)} trials are tried again")


async def _locked(session: Session, sweep_id: str, if_match: str | None) -> SweepRow:
    sweep = await sweeps.get(session, sweep_id, lock=True)
    check_version(if_match, sweep.version)
    return sweep


def _check_state(sweep: SweepRow, allowed: frozenset[SweepState] | set[SweepState], done: str) -> None:
    if sweep.state not in allowed:
        accepted = " or ".join(sorted(state.value for state in allowed))
        raise WrongState(f"sweep {sweep.id} is {sweep.state.value} and cannot be {done}; accepted: {accepted}")


def _check_may_go_on(sweep: SweepRow, done: str) -> None:
    """Neither while its report is made nor while it is taken down."""
    _check_state(sweep, {*OPEN_STATES, SweepState.PAUSED, *FINISHED_STATES}, done)


def _check_outcomes(request: RetryRequest) -> None:
    for outcome in request.outcomes:
        if outcome not in RETRIED:
            raise WrongState(f"trials that ended as {outcome.value} stand; accepted: {', '.join(RETRIED)}")


def _extended(spec: SweepSpec, request: ExtendRequest) -> SweepSpec:
    wanted = {name: value for name, value in request.model_dump().items() if value is not None}
    for name, value in wanted.items():
        if value < getattr(spec.design, name):
            raise WrongState(f"design.{name} is {getattr(spec.design, name)} and cannot become {value}: it only grows")
    document = merge(spec.model_dump(mode="json"), {"design": wanted})
    try:
        return SweepSpec.model_validate(document)
    except ValidationError as error:
        raise InvalidSpec(error, document) from error


def _missing(spec: SweepSpec, places: set[tuple[str, int, int]]) -> list[PlannedTrial]:
    """What can be planned now: a search draws its trials one by one."""
    return [] if spec.design.kind == "search" else plan_missing_trials(spec, places, first_number=len(places))
