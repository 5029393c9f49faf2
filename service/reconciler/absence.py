"""Our own absences: while no service ran, the database was away or the machine slept, nobody could be heard.

A clock that jumps looks the same. Where it was put back, what it had written before lies in the future: a sweep that
is due then, or a lease that ends then, must not be waited for.
"""

import logging
from datetime import datetime, timedelta

from service.db import clusters, deliveries, projections, runners, sweeps
from service.db.claims import CLAIM_SECONDS
from service.db.database import Session
from service.errors import SweepServiceError
from service.lifecycle import RunnerState
from service.loops import Loop
from service.reconciler.claim import Tools

log = logging.getLogger(__name__)


class Presence:
    """Since when this process can hear runners without a gap, as far as it knows."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._last_at: datetime | None = None

    def is_certain(self, now: datetime) -> bool:
        """Whether silence until `now` is the runners' own: we have been there all the time."""
        longest_gap = timedelta(seconds=2 * self._tools.settings.heartbeat_seconds)
        return self._last_at is not None and abs(now - self._last_at) <= longest_gap

    async def note(self) -> None:
        """We are here. After an absence every believed runner gets a whole lease from now, and nothing longer."""
        now = self._tools.clock()
        if self.is_certain(now):
            await self._tools.database.check()
        else:
            async with self._tools.database.write() as session:
                await self._start_anew(session, now)
        self._last_at = now

    async def _start_anew(self, session: Session, now: datetime) -> None:
        lease_until = now + timedelta(seconds=self._tools.settings.lease_seconds)
        submission_until = now + timedelta(seconds=self._tools.settings.submission_seconds)
        claim_until = now + timedelta(seconds=CLAIM_SECONDS)
        # Whoever holds a sweep may be giving a lease by the time before; those who come after us know better.
        await sweeps.lock_unfinished(session)
        await sweeps.forget_future(session, now=now, until=claim_until)
        await runners.extend_leases(session, lease_until)
        await runners.shorten_leases(session, RunnerState.LIVE, lease_until)
        await runners.shorten_leases(session, RunnerState.SUBMITTING, max(lease_until, submission_until))
        await projections.forget_future(session, claim_until)
        await deliveries.forget_future(session, now=now, until=claim_until)
        await clusters.forget_future(session, now=now, until=claim_until)


async def stay_present(tools: Tools, presence: Presence, loop: Loop) -> None:
    """Notes our presence again and again."""
    while loop.turns():
        try:
            await presence.note()
        except SweepServiceError as error:
            log.warning("runners cannot be heard", extra={"reason": error.detail})
            loop.waits_for(error.detail)
        except Exception:  # whatever it is, the next note may succeed
            log.exception("presence not noted")
        await loop.pause(tools.settings.reconcile_seconds)
