"""A runner asks: it gets a planned trial, is told to wait, or hears that there is nothing more."""

from datetime import datetime
from typing import NamedTuple

from search_spaces.runner_protocol import Finished, TrialAssignment, Wait
from search_spaces.sweep_spec import SweepSpec
from service.db import events, trials
from service.db.database import Session
from service.db.runners import RunnerRow
from service.db.sweeps import SweepRow
from service.db.trials import AttemptRow, TrialRow
from service.ledger.runners import finish
from service.ledger.sweeps import trial_row
from service.ledger.turns import has_room_for_drawing, is_next_in_turn
from service.lifecycle import OPEN_STATES, TrialState
from service.search.designs import PlannedTrial
from service.settings import Settings

DRAW_AGAIN_SECONDS = 0.1
"""Another ask drew the same trial first; the next draw sees it."""


class DrawWanted(NamedTuple):
    """A search has room for a trial that is not in the ledger yet: somebody must draw it."""

    spec: SweepSpec


async def answer_ask(
    session: Session, settings: Settings, sweep: SweepRow, runner: RunnerRow, tune_trial_id: str, now: datetime
) -> TrialAssignment | Wait | Finished | DrawWanted:
    """The answer to an ask; the sweep is locked. The same tune_trial_id gets the same trial again."""
    spec = sweep.spec
    repeated = await trials.find_attempts(session, runner.id, [tune_trial_id])
    if repeated:
        return assignment(spec, *repeated[tune_trial_id])
    if runner.is_draining or sweep.state not in OPEN_STATES:
        return await _let_go(session, runner, now)
    running = await trials.count_running(session, sweep.id)
    trial = await trials.first_planned(session, sweep.id)
    may_draw = trial is None and await has_room_for_drawing(session, sweep.id, spec)
    if trial is None and not may_draw and not running:
        return await _let_go(session, runner, now)
    # Else one of those that run may yet be lost and planned again.
    has_one = (trial is not None or may_draw) and running < spec.resources.max_concurrent
    if not (has_one and await is_next_in_turn(session, settings, sweep, runner, now)):
        return Wait()
    if trial is None:
        return DrawWanted(spec)
    return await start_attempt(session, spec, trial, runner, tune_trial_id, now)


async def start_drawn(
    session: Session,
    settings: Settings,
    sweep: SweepRow,
    runner: RunnerRow,
    drawn: PlannedTrial,
    tune_trial_id: str,
    now: datetime,
) -> TrialAssignment | Wait | Finished:
    """Plans the drawn trial and hands it out, unless the answer has become another one meanwhile."""
    answer = await answer_ask(session, settings, sweep, runner, tune_trial_id, now)
    if not isinstance(answer, DrawWanted):
        return answer
    if await trials.find(session, sweep.id, drawn.number) is not None:
        return Wait(seconds=DRAW_AGAIN_SECONDS)
    trial = trial_row(sweep.id, drawn)
    session.add(trial)
    await session.flush()
    return await start_attempt(session, answer.spec, trial, runner, tune_trial_id, now)


async def start_attempt(
    session: Session, spec: SweepSpec, trial: TrialRow, runner: RunnerRow, tune_trial_id: str, now: datetime
) -> TrialAssignment:
    """Gives the planned trial to the runner."""
    trial.attempts += 1
    trial.state, trial.started_at = TrialState.RUNNING, trial.started_at or now
    attempt = AttemptRow(
        trial_id=trial.id,
        number=trial.attempts,
        runner_id=runner.id,
        tune_trial_id=tune_trial_id,
        devices=spec.resources.devices,
        started_at=now,
        heard_before=runner.heard_seconds,
    )
    session.add(attempt)
    await events.append(
        session,
        trial.sweep_id,
        "trial.started",
        now,
        number=trial.number,
        arm=trial.arm,
        point=trial.point,
        attempt=attempt.number,
        runner_id=runner.id,
    )
    return assignment(spec, attempt, trial)


def assignment(spec: SweepSpec, attempt: AttemptRow, trial: TrialRow) -> TrialAssignment:
    """Everything that a runner needs for this attempt."""
    return TrialAssignment(
        number=trial.number,
        arm=trial.arm,
        attempt=attempt.number,
        config=trial.config,
        dataset=spec.dataset,
        evaluation=spec.evaluation,
        checkpoint=trial.checkpoint,
        timeout_seconds=spec.budget.trial_timeout,
    )


async def _let_go(session: Session, runner: RunnerRow, now: datetime) -> Finished:
    """There is nothing more for this runner; it is done with once it has given back what it has."""
    if not await trials.open_attempts(session, runner.id):
        await finish(session, runner, now)
    return Finished()
