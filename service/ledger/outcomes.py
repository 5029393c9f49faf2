"""How attempts and trials end: with an outcome, or lost and planned again.

What changes a row gives back the news of it: whoever changes many writes the news of all of them at once.
"""

from datetime import datetime

from search_spaces.outcomes import Outcome
from service.db import events, trials
from service.db.database import Session
from service.db.events import News
from service.db.trials import AttemptRow, TrialRow
from service.lifecycle import TrialState
from service.settings import Settings

LOST = "lost"
DRAINED = "drained"
"""How an attempt ends whose runner was told to give its trials back."""


def end_trial(
    trial: TrialRow,
    outcome: Outcome,
    now: datetime,
    *,
    reason: str | None = None,
    scores: dict[str, float] | None = None,
    score: float | None = None,
    facts: dict[str, str] | None = None,
) -> News:
    """Gives the trial its one outcome."""
    assert trial.state is not TrialState.ENDED, f"trial {trial.number} of {trial.sweep_id} has an outcome already"
    trial.state, trial.outcome, trial.reason, trial.ended_at = TrialState.ENDED, outcome, reason, now
    trial.scores, trial.score, trial.facts = scores or {}, score, facts or {}
    told = {
        "number": trial.number,
        "arm": trial.arm,
        "outcome": outcome,
        "reason": reason,
        "score": score,
        "scores": trial.scores,
        "device_seconds": trial.device_seconds,
    }
    return News("trial.ended", told)


def end_attempt(attempt: AttemptRow, trial: TrialRow, ending: str, device_seconds: float, now: datetime) -> None:
    """Closes the attempt and charges its device-seconds to the trial."""
    attempt.ended_at, attempt.ending, attempt.device_seconds = now, ending, device_seconds
    trial.device_seconds += device_seconds


def lose_attempt(
    settings: Settings,
    attempt: AttemptRow,
    trial: TrialRow,
    now: datetime,
    reason: str,
    *,
    heard_seconds: float,
    is_drained: bool = False,
) -> list[News]:
    """Plans the trial again from its last checkpoint, or ends it as failed when it was lost too often.

    It is charged for the whole time that its runner was heard of: nobody can say that it held less. One that was
    drained was wanted back, so it counts as no loss.
    """
    held_seconds = heard_seconds - attempt.heard_before
    ending = DRAINED if is_drained else LOST
    end_attempt(attempt, trial, ending, max(attempt.device_seconds, held_seconds * attempt.devices), now)
    trial.losses += not is_drained
    lost = News("trial.lost", {"number": trial.number, "attempt": attempt.number, "reason": reason})
    if trial.losses >= settings.max_attempts:
        lost_too_often = f"lost {trial.losses} times, the last time because: {reason}"
        return [lost, end_trial(trial, Outcome.FAILED, now, reason=lost_too_often)]
    trial.state = TrialState.PLANNED
    return [lost]


def plan_again(trial: TrialRow) -> News:
    """Takes the outcome of a trial back, because somebody wants it tried again. What it cost stays charged."""
    assert trial.outcome is not None, f"trial {trial.number} of {trial.sweep_id} has no outcome to take back"
    outcome = trial.outcome
    trial.state, trial.outcome, trial.reason, trial.ended_at = TrialState.PLANNED, None, None, None
    trial.scores, trial.score, trial.losses = {}, None, 0
    return News("trial.retried", {"number": trial.number, "outcome": outcome})


async def cancel_open_trials(session: Session, sweep_id: str, now: datetime, reason: str) -> None:
    """Ends every trial without an outcome as cancelled. Their runners must have been fenced before."""
    unended = await trials.in_state(session, sweep_id, TrialState.PLANNED, TrialState.RUNNING)
    news = [end_trial(trial, Outcome.CANCELLED, now, reason=reason) for trial in unended]
    await events.append_many(session, sweep_id, news, now)
