"""An analysing sweep: its last jobs end, its report is made from the ledger, it has succeeded.

The report comes last: a trial that was pruned trains on until its runner hears of it, and what that took is part of
the report.
"""

import logging

from service.db import reports
from service.db.reports import ReportRow
from service.errors import SweepServiceError
from service.ledger import sweeps
from service.lifecycle import SweepState
from service.operations.reports import make_report
from service.reconciler.claim import Claim, Overtaken, Picture
from service.reconciler.jobs import end_runners

LOOK_AGAIN_SECONDS = 0.5

log = logging.getLogger(__name__)


async def step(claim: Claim, picture: Picture) -> float:
    """One step; seconds until the next one is due."""
    if not await end_runners(claim, picture):
        return LOOK_AGAIN_SECONDS
    report = await _make_report(claim, picture)
    if report is None:
        return 0.0
    async with claim.decide() as (session, sweep):
        if sweep.event_count != picture.sweep.event_count:
            raise Overtaken(f"sweep {sweep.id} went on while its report was made")
        await reports.store(session, report)
        await sweeps.move(session, sweep, SweepState.SUCCEEDED, claim.tools.clock())
    return 0.0


async def _make_report(claim: Claim, picture: Picture) -> ReportRow | None:
    """The report; none, and the sweep has failed, where it cannot be made of these trials."""
    tools = claim.tools
    try:
        return await make_report(tools.database, picture.sweep, tools.clock(), claim.goes_on)
    except SweepServiceError:
        # The database is away: nothing is known of the report yet.
        raise
    except Exception as error:  # whatever it is, a person must hear of it rather than wait for ever
        log.exception("report not made", extra={"sweep": claim.sweep_id})
        reason = f"the report could not be made: {error}"
        async with claim.decide() as (session, sweep):
            await sweeps.move(session, sweep, SweepState.FAILED, tools.clock(), reason)
        return None
