"""A paused sweep: nothing is submitted; its runners give their trials back and end, or are found dead."""

from service.reconciler.claim import Claim, Picture
from service.reconciler.jobs import fence_dead_runners, settle_jobs

LOOK_AGAIN_SECONDS = 2.0


async def step(claim: Claim, picture: Picture) -> float:
    """One step; seconds until the next one is due."""
    await fence_dead_runners(claim, picture)
    await settle_jobs(claim, picture)
    return LOOK_AGAIN_SECONDS
