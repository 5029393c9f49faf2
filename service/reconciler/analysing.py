"""An analysing sweep: its report is made from the ledger, its last jobs end, it has succeeded."""

import logging

from service.db import reports
from service.ledger import sweeps
from service.lifecycle import SweepState
from service.operations.reports import make_report
from service.reconciler.claim import Claim, Picture
from service.reconciler.jobs import end_runners

LOOK_AGAIN_SECONDS = 0.5

log = logging.getLogger(__name__)


async def step(claim: Claim, picture: Picture) -> float:
    """One step; seconds until the next one is due."""
    async with claim.tools.database.read() as session:
        is_made = await reports.exists(session, claim.sweep_id)
    if not is_made and not await _make_report(claim, picture):
        return 0.0
    if not await end_runners(claim, picture):
        return LOOK_AGAIN_SECONDS
    async with claim.decide() as (session, sweep):
        await sweeps.move(session, sweep, SweepState.SUCCEEDED, claim.tools.clock())
    return 0.0


async def _make_report(claim: Claim, picture: Picture) -> bool:
    """Whether the report could be made; the sweep fails where it could not."""
    tools = claim.tools
    try:
        report = await make_report(tools.database, picture.sweep, tools.clock())
    except Exception as error:  # whatever it is, a person must hear of it rather than wait for ever
        log.exception("report not made", extra={"sweep": claim.sweep_id})
        reason = f"the report could not be made: {error}"
        async with claim.decide() as (session, sweep):
            await sweeps.cut(session, tools.settings, sweep, SweepState.FAILED, tools.clock(), reason)
        return False
    async with claim.decide() as (session, _sweep):
        await reports.store(session, report)
    return True
