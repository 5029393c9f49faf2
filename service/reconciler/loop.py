"""The loops: workers claim due sweeps and take one step each, until the service stops."""

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from structlog.contextvars import bound_contextvars

from service.db import sweeps
from service.db.claims import CLAIM_SECONDS, renewed
from service.errors import DatabaseFull, DatabaseUnavailable, SweepServiceError
from service.lifecycle import SweepState
from service.loops import Loop, Loops
from service.reconciler import analysing, cancelling, paused, queued, running
from service.reconciler.absence import Presence, stay_present
from service.reconciler.claim import Claim, ClaimLost, Overtaken, Picture, Tools

log = logging.getLogger(__name__)

WORKERS = 4
"""A cluster that hangs holds up one worker, not the sweeps of others."""

RETRY_SECONDS = 5.0

_STEPS: dict[SweepState, Callable[[Claim, Picture], Awaitable[float]]] = {
    SweepState.QUEUED: queued.step,
    SweepState.RUNNING: running.step,
    SweepState.PAUSED: paused.step,
    SweepState.CANCELLING: cancelling.step,
    SweepState.ANALYSING: analysing.step,
}


def start_reconciler(tools: Tools, loops: Loops) -> None:
    """Starts what moves every unfinished sweep towards its end."""
    presence = Presence(tools)
    loops.start("presence", lambda loop: stay_present(tools, presence, loop))
    for number in range(1, WORKERS + 1):
        loops.start(f"reconciler {number}", lambda loop: _work(tools, presence, loop))


async def take_due_step(
    tools: Tools,
    worker: str,
    now: datetime,
    heard_until: datetime | None = None,
    goes_on: Callable[[], None] = lambda: None,
) -> bool:
    """Claims the sweep that has been due longest and takes one step. Whether there was any.

    Until `heard_until`, or `now`, silence is the runners' own; a long step calls `goes_on` piece by piece.
    """
    async with tools.database.write() as session:
        sweep = await sweeps.claim_due(session, worker, now=now, until=now + timedelta(seconds=CLAIM_SECONDS))
    if sweep is None:
        return False
    measured = tools.metrics.step_seconds.labels(sweep.state.value).time()
    with bound_contextvars(sweep=sweep.id, worker=worker), measured:
        await _take_step(Claim(tools, sweep.id, worker, sweep.generation, now, heard_until or now, goes_on))
    return True


async def _take_step(claim: Claim) -> None:
    try:
        async with renewed(lambda: _renew(claim)):
            picture = await claim.picture()
            look_again_seconds = await _STEPS[picture.sweep.state](claim, picture)
        await _release(claim, look_again_seconds, unless_woken_since=picture.sweep.due_at)
    except ClaimLost as lost:
        claim.tools.metrics.claims_lost.inc()
        log.info("claim lost", extra={"reason": str(lost)})
    except Overtaken as overtaken:
        log.info("step given up", extra={"reason": str(overtaken)})
        await _release(claim, 0.0)
    except asyncio.CancelledError:
        # Nothing may take the place of the cancellation: a claim that is lost, or given back already, is no news.
        with contextlib.suppress(ClaimLost, SweepServiceError):
            await asyncio.shield(_release(claim, 0.0))
        raise
    except (DatabaseUnavailable, DatabaseFull):
        # The claim ends by itself.
        raise
    except Exception:
        # A bug in one sweep's step must not stop the others; this one is kept back for a while.
        claim.tools.metrics.step_failures.inc()
        log.exception("step failed")
        await _release(claim, RETRY_SECONDS)


async def _work(tools: Tools, presence: Presence, loop: Loop) -> None:
    worker = secrets.token_hex(4)
    while loop.turns():
        try:
            now = tools.clock()
            heard_until = presence.heard_until(now)
            was_busy = presence.is_certain(now) and await take_due_step(tools, worker, now, heard_until, loop.goes_on)
        except (SweepServiceError, ClaimLost) as error:
            log.warning("reconciler waits", extra={"reason": str(error)})
            loop.waits_for(str(error))
            was_busy = False
        except Exception:  # whatever it is, the next sweep is looked at
            log.exception("reconciler failed")
            await loop.pause(RETRY_SECONDS)
            continue
        if not was_busy:
            await loop.pause(tools.settings.reconcile_seconds)


async def _renew(claim: Claim) -> None:
    async with claim.write() as (_session, sweep):
        sweep.claimed_until = claim.tools.clock() + timedelta(seconds=CLAIM_SECONDS)


async def _release(claim: Claim, look_again_seconds: float, unless_woken_since: datetime | None = None) -> None:
    """Gives the sweep back, due again after a while, or at once if somebody has moved or woken it meanwhile."""
    async with claim.write() as (_session, sweep):
        sweep.claimed_by = sweep.claimed_until = None
        if unless_woken_since is None or sweep.due_at == unless_woken_since:
            sweep.due_at = claim.tools.clock() + timedelta(seconds=look_again_seconds)
