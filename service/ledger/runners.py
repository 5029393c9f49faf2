"""The life of a runner in the ledger: opened before its job is submitted, leased while it is heard, fenced."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.db import events, runners, trials
from service.db.database import Session
from service.db.events import News
from service.db.runners import RunnerRow
from service.ledger.outcomes import lose_attempt
from service.lifecycle import RunnerState
from service.settings import Settings


@dataclass(frozen=True)
class OpenedRunner:
    """A runner whose job is about to be submitted. Only here is its token readable."""

    runner_id: str
    submission_id: str
    token: str


def random_token(_runner_id: str) -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


async def open_runner(
    session: Session,
    settings: Settings,
    sweep_id: str,
    cluster: str,
    now: datetime,
    *,
    is_external: bool = False,
    token_of: Callable[[str], str] = random_token,
) -> OpenedRunner:
    """Registers a new runner; it must ask before its submission lease ends. An external one has no job anywhere.

    `token_of` gives the token of a runner's id.
    """
    ordinal = len(await runners.of_sweep(session, sweep_id)) + 1
    runner_id = f"{sweep_id}-{ordinal}"
    token = token_of(runner_id)
    runner = RunnerRow(
        id=runner_id,
        sweep_id=sweep_id,
        ordinal=ordinal,
        cluster=cluster,
        # Not the ordinal alone: a ledger that was restored from a backup would give a job's id a second time.
        submission_id=f"supsweep-{runner_id}-{secrets.token_hex(4)}",
        token_sha256=token_sha256(token),
        state=RunnerState.SUBMITTING,
        is_external=is_external,
        job_is_over=is_external,
        created_at=now,
        lease_until=now + timedelta(seconds=settings.submission_seconds),
    )
    session.add(runner)
    await events.append(session, sweep_id, "runner.opened", now, runner_id=runner_id, cluster=cluster)
    return OpenedRunner(runner_id, runner.submission_id, token)


def token_sha256(token: str) -> str:
    """What is kept of a token. It has 256 random bits, so a slow hash would add nothing."""
    return hashlib.sha256(token.encode()).hexdigest()


def renew_lease(runner: RunnerRow, settings: Settings, now: datetime) -> None:
    """The runner was heard."""
    silence_seconds = (now - (runner.last_seen_at or now)).total_seconds()
    # A longer silence was our own absence, a clock that jumped, or both: nobody can tell how long it really was.
    runner.heard_seconds += min(max(silence_seconds, 0.0), settings.lease_seconds)
    runner.state, runner.last_seen_at = RunnerState.LIVE, now
    runner.lease_until = now + timedelta(seconds=settings.lease_seconds)


async def fence(session: Session, settings: Settings, runner: RunnerRow, now: datetime, reason: str) -> None:
    """The runner is never believed again; its unfinished trials are planned again."""
    runner.state, runner.reason, runner.ended_at = RunnerState.FENCED, reason, now
    news = [News("runner.fenced", {"runner_id": runner.id, "reason": reason})]
    for attempt, trial in await trials.open_attempts(session, runner.id):
        news += lose_attempt(settings, attempt, trial, now, reason, heard_seconds=runner.heard_seconds)
    await events.append_many(session, runner.sweep_id, news, now)


async def fence_all(session: Session, settings: Settings, sweep_id: str, now: datetime, reason: str) -> None:
    """Fences every runner of the sweep that is still believed."""
    for runner in await runners.of_sweep(session, sweep_id):
        if runner.state in runners.ACTIVE:
            await fence(session, settings, runner, now, reason)


async def drain(session: Session, runner: RunnerRow, now: datetime, reason: str) -> None:
    """The runner gets no more trials, and hears with its next report to give back those it has."""
    if not runner.is_draining:
        runner.is_draining = True
        await events.append(session, runner.sweep_id, "runner.draining", now, runner_id=runner.id, reason=reason)


async def drain_all(session: Session, sweep_id: str, now: datetime, reason: str) -> None:
    """Drains every runner of the sweep that is still believed."""
    for runner in await runners.of_sweep(session, sweep_id):
        if runner.state in runners.ACTIVE:
            await drain(session, runner, now, reason)


async def finish(session: Session, runner: RunnerRow, now: datetime) -> None:
    """The runner was told that there is nothing more, and ends by itself."""
    runner.state, runner.ended_at = RunnerState.FINISHED, now
    await events.append(session, runner.sweep_id, "runner.finished", now, runner_id=runner.id)
