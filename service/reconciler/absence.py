"""Our own absences: while no service ran, the database was away or the machine slept, nobody could be heard.

A runner is heard by processes that serve the API. One that does not, a worker, looks for their signs in the database.

A clock that jumps looks the same. Where it was put back, what it had written before lies in the future: a sweep that
is due then, or a lease that ends then, must not be waited for.
"""

import logging
from datetime import UTC, datetime, timedelta

from service.db import clusters, deliveries, instance, projections, runners, sweeps
from service.db.claims import CLAIM_SECONDS
from service.db.database import Session
from service.errors import SweepServiceError
from service.lifecycle import RunnerState
from service.loops import Loop
from service.reconciler.claim import Tools

log = logging.getLogger(__name__)


NEVER = datetime.min.replace(tzinfo=UTC)


class Presence:
    """Since when the service can hear runners without a gap, as far as this process knows."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._last_at = NEVER
        self._sign: datetime | None = None
        self._sign_seen_at = NEVER

    def is_certain(self, now: datetime) -> bool:
        """Whether this process has been there until `now` without a gap."""
        return self._is_recent(self._last_at, now)

    def heard_until(self, now: datetime) -> datetime:
        """Until when silence is the runners' own, at most `now`: the API has been there, and so have we."""
        return now if self._serves_api else min(now, self._sign_seen_at)

    def is_api_away(self, now: datetime) -> bool:
        """Whether no process is known to serve the API."""
        return not self._serves_api and not self._is_recent(self._sign_seen_at, now)

    async def note(self) -> None:
        """We are here. After an absence every believed runner gets a whole lease from now, and nothing longer."""
        now = self._tools.clock()
        async with self._tools.database.read() as session:
            sign = await instance.api_sign(session)
        is_new = sign != self._sign and self._last_at is not NEVER
        if not self.is_certain(now) or (is_new and self.is_api_away(now)):
            async with self._tools.database.write() as session:
                await self._start_anew(session, now)
            self._sign_seen_at = NEVER
        if is_new:
            self._sign_seen_at = now
        self._sign, self._last_at = sign, now

    @property
    def _serves_api(self) -> bool:
        return self._tools.settings.role != "worker"

    def _is_recent(self, moment: datetime, now: datetime) -> bool:
        longest_gap = timedelta(seconds=2 * self._tools.settings.heartbeat_seconds)
        return abs(now - moment) <= longest_gap

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
            if presence.is_api_away(tools.clock()):
                loop.waits_for("no process with the API is there, so no runner is taken for dead")
        except SweepServiceError as error:
            log.warning("runners cannot be heard", extra={"reason": error.detail})
            loop.waits_for(error.detail)
        except Exception:  # whatever it is, the next note may succeed
            log.exception("presence not noted")
        await loop.pause(tools.settings.reconcile_seconds)
