"""A cancelling sweep: nothing of it counts any more; it has ended once nothing of it runs any more."""

from service.ledger import sweeps
from service.reconciler.claim import Claim, Picture
from service.reconciler.jobs import end_runners

LOOK_AGAIN_SECONDS = 1.0


async def step(claim: Claim, picture: Picture) -> float:
    """One step; seconds until the next one is due."""
    if not await end_runners(claim, picture):
        return LOOK_AGAIN_SECONDS
    async with claim.decide() as (session, sweep):
        assert sweep.ends_as is not None, f"cancelling sweep {sweep.id} does not know what it becomes"
        await sweeps.move(session, sweep, sweep.ends_as, claim.tools.clock())
    return 0.0
