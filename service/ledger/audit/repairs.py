"""What the ledger can set right by itself. The sweep must be locked, and its rows read under that lock."""

from datetime import datetime

from service.db import events, runners
from service.db.database import Session
from service.db.events import News
from service.db.trials import AttemptRow, TrialRow
from service.ledger.audit.itself import charged_seconds, is_charged_rightly, is_forsaken, unwanted_attempts
from service.ledger.audit.picture import LedgerRows
from service.ledger.outcomes import LOST, end_attempt, lose_attempt
from service.ledger.runners import fence
from service.lifecycle import TrialState
from service.settings import Settings

REASON = "an audit found that nobody ran it any more"


async def repair_ledger(session: Session, settings: Settings, rows: LedgerRows, now: datetime) -> list[str]:
    """Closes what is open and should not be, plans forsaken trials again, charges what was spent; tells what it did."""
    done: list[str] = []
    news: list[News] = []
    for trial in rows.trials:
        for attempt in unwanted_attempts(rows, trial):
            news += _close(settings, rows, attempt, trial, now)
            done.append(f"closed attempt {attempt.number} of trial {trial.number}")
        if is_forsaken(rows, trial):
            trial.state = TrialState.PLANNED
            lost = {"number": trial.number, "attempt": trial.attempts, "reason": REASON}
            news.append(News("trial.lost", lost))
            done.append(f"planned trial {trial.number} again")
        if not is_charged_rightly(rows, trial):
            trial.device_seconds = charged_seconds(rows, trial)
            charged = {"number": trial.number, "device_seconds": trial.device_seconds}
            news.append(News("trial.charged", charged))
            done.append(f"charged trial {trial.number} with {trial.device_seconds:g} device-seconds")
    await events.append_many(session, rows.sweep.id, news, now)
    return done


async def fence_runner(session: Session, settings: Settings, runner_id: str, now: datetime) -> None:
    """Fences a runner that has no job on its cluster any more; its trials are planned again."""
    row = await runners.find(session, runner_id, lock=True)
    assert row is not None, f"runner {runner_id} vanished"
    await fence(session, settings, row, now, "an audit found that its job is gone")


def _close(settings: Settings, rows: LedgerRows, attempt: AttemptRow, trial: TrialRow, now: datetime) -> list[News]:
    """The trial is planned again only if this was the attempt that it was said to run in."""
    if trial.state is TrialState.RUNNING and attempt.number == trial.attempts:
        heard_seconds = rows.runners[attempt.runner_id].heard_seconds
        return lose_attempt(settings, attempt, trial, now, REASON, heard_seconds=heard_seconds)
    end_attempt(attempt, trial, LOST, attempt.device_seconds, now)
    return []
