"""Runners and their Ray jobs: submit one where there is none, notice the dead, stop those not wanted.

A cluster that cannot be reached says nothing about its jobs: leases decide, fencing protects the ledger.
"""

import logging
from datetime import datetime, timedelta

from search_spaces.runner_protocol import RunnerBrief
from service.clusters.protocol import ClusterRefused, ClusterUnreachable, JobSubmission
from service.db import runners
from service.db.runners import RunnerRow
from service.ledger.runners import OpenedRunner, fence, open_runner
from service.lifecycle import RunnerState
from service.reconciler.claim import Claim, Picture

log = logging.getLogger(__name__)

ENTRYPOINT = "python -m trainers.runner"

UNKNOWN_JOB_SECONDS = 10.0
"""A job that its cluster does not know this long after its runner was opened was never submitted."""

GOODBYE_SECONDS = 15.0
"""What a runner that heard that there is nothing more needs to end by itself."""

LONGEST_BACKOFF_SECONDS = 60.0


async def fence_dead_runners(claim: Claim, picture: Picture) -> None:
    """Fences runners whose lease has ended, or whose job is over although they had not finished."""
    for runner in picture.active_runners:
        reason = await _cause_of_death(claim, runner)
        if reason is None:
            continue
        async with claim.write() as (session, _sweep):
            row = await runners.find(session, runner.id, lock=True)
            # Heard or finished while its cluster was being asked: not dead.
            if row is not None and row.state in runners.ACTIVE and row.lease_until == runner.lease_until:
                await fence(session, claim.tools.settings, row, claim.tools.clock(), reason)


async def submit_missing_runners(claim: Claim, picture: Picture) -> bool:
    """Submits a runner to each named cluster that has none and is not backing off. Whether any was accepted."""
    busy = {runner.cluster for runner in picture.active_runners}
    accepted = False
    for cluster in picture.spec.clusters:
        if cluster not in busy and claim.tools.clock() >= _next_submission(picture, cluster):
            accepted |= await _submit(claim, picture, cluster)
    return accepted


async def settle_jobs(claim: Claim, picture: Picture) -> list[str]:
    """Stops the jobs of runners that are not wanted any more. Sentences about those that are not over yet."""
    waiting = []
    for runner in picture.runners:
        if runner.job_is_over or runner.state in runners.ACTIVE:
            continue
        if await _is_over(claim, runner):
            async with claim.write() as (session, _sweep):
                row = await runners.find(session, runner.id, lock=True)
                assert row is not None, f"runner {runner.id} vanished"
                row.job_is_over = True
        else:
            waiting.append(f"job {runner.submission_id} on cluster {runner.cluster} is not over yet")
    return waiting


def idle_runners_in_a_row(picture: Picture) -> list[RunnerRow]:
    """The newest runners that died without ending a single trial."""
    idle: list[RunnerRow] = []
    for runner in reversed(picture.runners):
        if runner.state is not RunnerState.FENCED or runner.outcomes:
            break
        idle.append(runner)
    return idle


async def _cause_of_death(claim: Claim, runner: RunnerRow) -> str | None:
    now, settings = claim.tools.clock(), claim.tools.settings
    if runner.lease_until <= now:
        return f"not heard for longer than its lease, last at {runner.last_seen_at}"
    silent_since = runner.last_seen_at or runner.created_at
    if now - silent_since < timedelta(seconds=2 * settings.heartbeat_seconds):
        return None
    try:
        state = await claim.tools.clusters.client(runner.cluster).state(runner.submission_id)
    except (ClusterUnreachable, ClusterRefused) as error:
        log.warning("cluster cannot tell about a job: cluster=%s runner=%s: %s", runner.cluster, runner.id, error)
        return None
    if state is None:
        is_late = now - runner.created_at > timedelta(seconds=UNKNOWN_JOB_SECONDS)
        return "its cluster does not know its job" if is_late else None
    return f"its job is {state.value}" if state.is_over else None


def _next_submission(picture: Picture, cluster: str) -> datetime:
    """When a new runner may be tried: at once after progress, ever later after runners that brought none."""
    own = [runner for runner in picture.runners if runner.cluster == cluster]
    if not own or own[-1].outcomes:
        return picture.sweep.created_at
    idle = len([runner for runner in idle_runners_in_a_row(picture) if runner.cluster == cluster])
    ended_at = own[-1].ended_at or own[-1].created_at
    return ended_at + timedelta(seconds=min(2.0 ** (idle - 1), LONGEST_BACKOFF_SECONDS))


async def _submit(claim: Claim, picture: Picture, cluster: str) -> bool:
    tools = claim.tools
    async with claim.write() as (session, sweep):
        opened = await open_runner(session, tools.settings, sweep.id, cluster, tools.clock())
    try:
        await tools.clusters.client(cluster).submit(_job(claim, picture, opened))
    except (ClusterUnreachable, ClusterRefused) as error:
        # The job may have been accepted all the same: a fenced runner counts nothing and is stopped later.
        reason = f"could not be submitted to cluster {cluster}: {error}"
        log.warning("runner not submitted: runner=%s: %s", opened.runner_id, error)
        async with claim.write() as (session, sweep):
            row = await runners.find(session, opened.runner_id, lock=True)
            assert row is not None, f"runner {opened.runner_id} vanished"
            await fence(session, tools.settings, row, tools.clock(), reason)
            sweep.state_reason = reason
        return False
    log.info("runner submitted: runner=%s cluster=%s job=%s", opened.runner_id, cluster, opened.submission_id)
    return True


def _job(claim: Claim, picture: Picture, opened: OpenedRunner) -> JobSubmission:
    settings = claim.tools.settings
    brief = RunnerBrief(
        runner_id=opened.runner_id,
        sweep_id=claim.sweep_id,
        service_url=settings.public_url,
        storage=f"{settings.effective_storage}/{claim.sweep_id}",
        resources=picture.spec.resources,
        heartbeat_seconds=settings.heartbeat_seconds,
        patience_seconds=settings.runner_patience_seconds,
    )
    return JobSubmission(
        submission_id=opened.submission_id,
        entrypoint=ENTRYPOINT,
        environment={"SUPSWEEP_RUNNER": brief.model_dump_json(), "SUPSWEEP_RUNNER_TOKEN": opened.token},
        metadata={"supsweep_sweep": claim.sweep_id, "supsweep_runner": opened.runner_id},
    )


async def _is_over(claim: Claim, runner: RunnerRow) -> bool:
    """Whether nothing of the runner's job runs any more; asks its cluster to stop it if need be."""
    now, settings = claim.tools.clock(), claim.tools.settings
    ended_at = runner.ended_at or now
    client = claim.tools.clusters.client(runner.cluster)
    try:
        state = await client.state(runner.submission_id)
        if state is None or state.is_over:
            return True
        has_had_time = now - ended_at > timedelta(seconds=GOODBYE_SECONDS)
        if runner.state is RunnerState.FENCED or has_had_time:
            await client.stop(runner.submission_id)
    except (ClusterUnreachable, ClusterRefused) as error:
        log.warning("cluster cannot settle a job: cluster=%s runner=%s: %s", runner.cluster, runner.id, error)
        # A runner that cannot reach us ends by itself when its patience does; one that can is told so.
        gone_after = timedelta(seconds=settings.runner_patience_seconds + settings.lease_seconds)
        return now - ended_at > gone_after
    return False
