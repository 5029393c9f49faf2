"""A queued sweep: a first runner is submitted; once a cluster accepts one, or a worker has joined, the sweep runs."""

from search_spaces.sweep_spec import count_trials
from service.ledger import sweeps
from service.lifecycle import SweepState
from service.reconciler.claim import Claim, Picture
from service.reconciler.jobs import fence_dead_runners, settle_jobs, submit_missing_runners

LOOK_AGAIN_SECONDS = 1.0


async def step(claim: Claim, picture: Picture) -> float:
    """One step; seconds until the next one is due. A cluster that is away keeps the sweep queued, with its reason."""
    await fence_dead_runners(claim, picture)
    await settle_jobs(claim, picture)
    # A worker may have done everything, and be gone, since the last look.
    is_done = picture.ended_trials == count_trials(picture.spec)
    if is_done or picture.active_runners or await submit_missing_runners(claim, picture):
        async with claim.decide() as (session, sweep):
            await sweeps.move(session, sweep, SweepState.RUNNING, claim.tools.clock())
    return LOOK_AGAIN_SECONDS
