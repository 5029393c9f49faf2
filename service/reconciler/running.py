"""A running sweep: every cluster has a live runner until all trials have ended or a budget is used up."""

from search_spaces.sweep_spec import count_trials
from service.db.runners import RunnerRow
from service.errors import QuotaExceeded
from service.ledger import sweeps
from service.lifecycle import SweepState
from service.operations.quotas import check_quota
from service.reconciler.budget import broken_limit
from service.reconciler.claim import Claim, Picture
from service.reconciler.jobs import (
    drain_unwanted_runners,
    fence_dead_runners,
    fruitless_runners,
    settle_jobs,
    submit_missing_runners,
)

LOOK_AGAIN_SECONDS = 2.0


async def step(claim: Claim, picture: Picture) -> float:
    """One step; seconds until the next one is due."""
    if picture.ended_trials == count_trials(picture.spec):
        async with claim.decide() as (session, sweep):
            await sweeps.move(session, sweep, SweepState.ANALYSING, claim.tools.clock())
        return 0.0
    limit = broken_limit(picture, claim.tools.clock()) or _runners_keep_dying(claim, picture)
    if limit is not None:
        then, reason = limit
        async with claim.decide() as (session, sweep):
            await sweeps.cut(session, claim.tools.settings, sweep, then, claim.tools.clock(), reason)
        return 0.0
    if await _paused_by_quota(claim, picture):
        return 0.0
    await fence_dead_runners(claim, picture)
    await drain_unwanted_runners(claim, picture)
    await settle_jobs(claim, picture)
    await submit_missing_runners(claim, await claim.picture())
    return LOOK_AGAIN_SECONDS


async def _paused_by_quota(claim: Claim, picture: Picture) -> bool:
    """Whether the owner has used up the quota: the sweep waits until its owner may go on with it."""
    tools = claim.tools
    try:
        async with tools.database.read() as session:
            await check_quota(session, tools.settings, picture.sweep.owner, tools.clock())
    except QuotaExceeded as refused:
        async with claim.decide() as (session, sweep):
            await sweeps.pause(session, sweep, tools.clock(), f"paused: {refused.detail}")
        return True
    return False


def _runners_keep_dying(claim: Claim, picture: Picture) -> tuple[SweepState, str] | None:
    """On every cluster, runners that it had accepted died one after another with nothing to show for it.

    Submissions that failed are not counted: a cluster that is away says nothing about the sweep. Neither is it given
    up while a runner that has something to show goes on with it, a person's own for example.
    """
    if any(runner.progress for runner in picture.active_runners):
        return None
    most = claim.tools.settings.max_idle_runners
    dead = [_died_on_its_own(picture, cluster) for cluster in picture.clusters]
    if not dead or any(len(runners) < most for runners in dead):
        return None
    return SweepState.FAILED, f"{most} runners in a row brought no result, the last one: {dead[0][0].reason}"


def _died_on_its_own(picture: Picture, cluster: str) -> list[RunnerRow]:
    return [runner for runner in fruitless_runners(picture, cluster) if runner.was_accepted]
