"""Runners and their Ray jobs: submit one where there is none, notice the dead, stop those not wanted.

A cluster that cannot be reached says nothing about its jobs: leases decide, fencing protects the ledger.
"""

import asyncio
import logging
from datetime import datetime, timedelta
from itertools import takewhile

from service.clusters.protocol import ClusterRefused, ClusterUnreachable, JobSubmission
from service.db import clusters, runners, sweeps
from service.db.database import Session
from service.db.instance import instance_id
from service.db.runners import RunnerRow
from service.errors import UnknownCluster
from service.ledger.orphans import RUNNER, SERVICE, SWEEP
from service.ledger.runners import OpenedRunner, drain, fence, fence_all, open_runner
from service.lifecycle import RunnerState
from service.operations.workers import make_brief
from service.reconciler.claim import Claim, Picture

log = logging.getLogger(__name__)

ENTRYPOINT = "python -m trainers.runner"

UNKNOWN_JOB_SECONDS = 10.0
"""A job that its cluster does not know this long after it was accepted is gone."""

LATE_JOB_SECONDS = 60.0
"""A submission whose answer was lost may still become a job for this long."""

GOODBYE_SECONDS = 15.0
"""What a runner that heard that there is nothing more needs to end by itself."""

LONGEST_BACKOFF_SECONDS = 60.0

SEEN_LATELY_SECONDS = 60.0
"""What was seen of a cluster longer ago says nothing: nobody may be asking any more."""

NO_ANSWER = (ClusterUnreachable, ClusterRefused, UnknownCluster)
"""A cluster that is away, that refuses, or that is registered no more tells nothing about its jobs."""


async def fence_dead_runners(claim: Claim, picture: Picture) -> None:
    """Fences runners whose lease has ended, or whose job is over although they had not finished."""
    for runner in picture.active_runners:
        claim.goes_on()
        reason = await _cause_of_death(claim, runner)
        if reason is None:
            continue
        async with claim.write() as (session, _sweep):
            row = await runners.find(session, runner.id, lock=True)
            # Heard or finished while its cluster was being asked: not dead.
            if row is not None and row.state in runners.ACTIVE and row.lease_until == runner.lease_until:
                await fence(session, claim.tools.settings, row, claim.tools.clock(), reason)


async def submit_missing_runners(claim: Claim, picture: Picture) -> bool:
    """Submits a runner to each chosen cluster that has none. Whether any was accepted.

    Not to one that is drained or known to be away, which the sweep says, nor soon after runners that brought nothing.
    """
    now = claim.tools.clock()
    busy = {runner.cluster for runner in picture.active_runners if not runner.is_draining}
    without = [name for name in picture.clusters if name not in busy]
    closed = await _closed(claim, picture, without)
    accepted = False
    for cluster in without:
        claim.goes_on()
        if cluster not in closed and _may_submit(picture, cluster, now):
            accepted |= await _submit(claim, picture, cluster)
    if not picture.clusters:
        await _tell(claim, f"no registered cluster has the label {' or '.join(picture.spec.clusters)}")
    elif closed:
        await _tell(claim, "; ".join(f"no runner on cluster {name}: {reason}" for name, reason in closed.items()))
    elif not without:
        await _tell(claim, None)
    return accepted


async def drain_unwanted_runners(claim: Claim, picture: Picture) -> None:
    """Drains the runners on clusters that the sweep does not choose any more, or that are drained themselves."""
    for runner in picture.active_runners:
        reason = _why_unwanted(picture, runner.cluster)
        if reason is None or runner.is_external or runner.is_draining:
            continue
        async with claim.decide() as (session, _sweep):
            row = await runners.find(session, runner.id, lock=True)
            if row is not None and row.state in runners.ACTIVE:
                await drain(session, row, claim.tools.clock(), reason)


async def settle_jobs(claim: Claim, picture: Picture) -> bool:
    """Stops the jobs of runners that are not believed any more. Whether all of those are over."""
    unsettled = [row for row in picture.runners if not row.job_is_over and row.state not in runners.ACTIVE]
    are_over = await asyncio.gather(*[_is_over(claim, runner) for runner in unsettled])
    over = [runner.id for runner, is_over in zip(unsettled, are_over, strict=True) if is_over]
    if over:
        async with claim.write() as (session, _sweep):
            for runner_id in over:
                row = await runners.find(session, runner_id, lock=True)
                assert row is not None, f"runner {runner_id} vanished"
                row.job_is_over = True
    return len(over) == len(unsettled)


async def end_runners(claim: Claim, picture: Picture) -> bool:
    """Lets every runner of a sweep without open trials go. Whether nothing of it runs on a cluster any more."""
    await fence_dead_runners(claim, picture)
    if picture.active_runners and _is_past(picture.sweep.moved_at, GOODBYE_SECONDS, claim.tools.clock()):
        async with claim.decide() as (session, sweep):
            reason = "it did not ask again when every trial had ended"
            await fence_all(session, claim.tools.settings, sweep.id, claim.tools.clock(), reason)
    are_settled = await settle_jobs(claim, picture)
    return are_settled and not picture.active_runners


def fruitless_runners(picture: Picture, cluster: str) -> list[RunnerRow]:
    """The newest runners of the cluster that were fenced before anything of theirs was counted, the last one first."""
    opened_at = picture.sweep.reopened_at or picture.sweep.created_at
    own = [runner for runner in picture.runners if runner.cluster == cluster and runner.created_at >= opened_at]
    return list(takewhile(lambda row: row.state is RunnerState.FENCED and not row.progress, reversed(own)))


async def _cause_of_death(claim: Claim, runner: RunnerRow) -> str | None:
    now, settings = claim.claimed_at, claim.tools.settings
    if runner.lease_until <= claim.heard_until:
        return f"not heard for longer than its lease, last at {runner.last_seen_at}"
    silent_since = runner.last_seen_at or runner.created_at
    if runner.is_external or not _is_past(silent_since, 2 * settings.heartbeat_seconds, now):
        return None
    try:
        client = await claim.tools.clusters.client(runner.cluster)
        state = await client.state(runner.submission_id)
    except NO_ANSWER as error:
        told = {"cluster": runner.cluster, "runner": runner.id, "reason": str(error)}
        # The rounds warn of the cluster; this would be said of each of its runners at every look.
        log.debug("cluster cannot tell about a job", extra=told)
        return None
    if state is None:
        is_late = _is_past(runner.created_at, UNKNOWN_JOB_SECONDS, now)
        return "its cluster does not know its job" if is_late else None
    return f"its job is {state.value}" if state.is_over else None


def _why_unwanted(picture: Picture, cluster: str) -> str | None:
    """Why the sweep wants no runner on the cluster, none when it wants one."""
    if cluster not in picture.clusters:
        return f"the sweep left cluster {cluster}"
    return f"cluster {cluster} is drained" if cluster in picture.draining else None


def _may_submit(picture: Picture, cluster: str, now: datetime) -> bool:
    """Whether to try a new runner: at once after progress, ever later after runners that brought none."""
    fruitless = fruitless_runners(picture, cluster)
    if not fruitless:
        return True
    ended_at = fruitless[0].ended_at or fruitless[0].created_at
    return _is_past(ended_at, min(2.0 ** min(len(fruitless) - 1, 10), LONGEST_BACKOFF_SECONDS), now)


def _is_past(since: datetime, seconds: float, now: datetime) -> bool:
    """Whether so much time has passed. A time that lies ahead was told by a clock that has been put back since: yes."""
    return not timedelta(0) <= now - since < timedelta(seconds=seconds)


async def _closed(claim: Claim, picture: Picture, names: list[str]) -> dict[str, str]:
    """Those that get no runner now, each with the reason; one that is away is asked every few seconds by others."""
    if not names:
        return {}
    seen_since = claim.tools.clock() - timedelta(seconds=SEEN_LATELY_SECONDS)
    async with claim.tools.database.read() as session:
        away = await clusters.away(session, names, seen_since=seen_since)
    return away | {name: "it is drained" for name in names if name in picture.draining}


async def _tell(claim: Claim, reason: str | None) -> None:
    """The sweep says what it waits for, or that it waits for nothing."""
    async with claim.tools.database.read() as session:
        sweep = await sweeps.find(session, claim.sweep_id)
    if sweep is not None and sweep.state_reason != reason:
        async with claim.write() as (_session, sweep):
            sweep.state_reason = reason


async def _submit(claim: Claim, picture: Picture, cluster: str) -> bool:
    tools = claim.tools
    async with claim.decide() as (session, sweep):
        if await _is_draining_by_now(session, cluster):
            return False
        opened = await open_runner(session, tools.settings, sweep.id, cluster, tools.clock())
        service = await instance_id(session)
    try:
        client = await tools.clusters.client(cluster)
        await client.submit(_job(claim, picture, opened, service))
    except NO_ANSWER as error:
        # The job may have been accepted all the same: a fenced runner counts nothing and is stopped later.
        reason = f"could not be submitted to cluster {cluster}: {error}"
        log.warning("runner not submitted", extra={"runner": opened.runner_id, "reason": str(error)})
        async with claim.write() as (session, sweep):
            row = await runners.find(session, opened.runner_id, lock=True)
            assert row is not None, f"runner {opened.runner_id} vanished"
            await fence(session, tools.settings, row, tools.clock(), reason)
            sweep.state_reason = reason
        return False
    async with claim.write() as (session, sweep):
        row = await runners.find(session, opened.runner_id, lock=True)
        assert row is not None, f"runner {opened.runner_id} vanished"
        row.was_accepted, sweep.state_reason = True, None
    submitted = {"runner": opened.runner_id, "cluster": cluster, "job": opened.submission_id}
    log.info("runner submitted", extra=submitted)
    return True


async def _is_draining_by_now(session: Session, cluster: str) -> bool:
    """Whether the cluster is drained, whatever the picture says; it stays as it is until this transaction ends."""
    row = await clusters.find(session, cluster, lock=True)
    return row is not None and row.is_draining


def _job(claim: Claim, picture: Picture, opened: OpenedRunner, service: str) -> JobSubmission:
    brief = make_brief(claim.tools.settings, picture.sweep, opened.runner_id)
    return JobSubmission(
        submission_id=opened.submission_id,
        entrypoint=ENTRYPOINT,
        environment={"SUPSWEEP_RUNNER": brief.model_dump_json(), "SUPSWEEP_RUNNER_TOKEN": opened.token},
        metadata={SERVICE: service, SWEEP: claim.sweep_id, RUNNER: opened.runner_id},
    )


async def _is_over(claim: Claim, runner: RunnerRow) -> bool:
    """Whether nothing of the runner's job runs any more; asks its cluster to stop it if need be."""
    now, settings = claim.tools.clock(), claim.tools.settings
    ended_at = runner.ended_at or now
    try:
        client = await claim.tools.clusters.client(runner.cluster)
        state = await client.state(runner.submission_id)
        if state is None:
            return runner.was_accepted or _is_past(runner.created_at, LATE_JOB_SECONDS, now)
        if state.is_over:
            return True
        if runner.state is RunnerState.FENCED or _is_past(ended_at, GOODBYE_SECONDS, now):
            await client.stop(runner.submission_id)
    except NO_ANSWER as error:
        told = {"cluster": runner.cluster, "runner": runner.id, "reason": str(error)}
        log.debug("cluster cannot settle a job", extra=told)
        # A runner that cannot reach us ends by itself when its patience does; one that can is told so.
        return _is_past(ended_at, settings.runner_patience_seconds + settings.lease_seconds, now)
    return False
