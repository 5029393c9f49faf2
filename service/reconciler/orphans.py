"""Jobs of this service that run on a cluster although the ledger has no use for them: found in its list, and stopped.

They come about where a cluster was away while its runners were given up, or where a sweep was deleted. A job whose
cluster says that it is over cannot be stopped: fencing protects the ledger from it.
"""

import logging
from datetime import datetime, timedelta

from service.clusters.protocol import ListedJob
from service.db import runners
from service.db.instance import instance_id
from service.db.runners import RunnerRow
from service.reconciler.claim import Tools

log = logging.getLogger(__name__)

GRACE_SECONDS = 60.0
"""What a runner that has finished has to end by itself, and its sweep's own step to stop it."""

SERVICE, SWEEP, RUNNER = "supsweep_service", "supsweep_sweep", "supsweep_runner"
"""What our jobs carry as metadata. A job of another service on the same cluster has another `supsweep_service`."""


async def stop_orphans(tools: Tools, cluster: str) -> None:
    """Stops what should not run there. Raises ClusterUnreachable and ClusterRefused."""
    client = await tools.clusters.client(cluster)
    # Listed before the ledger is read: a runner is in the ledger before its job is submitted.
    running = [job for job in await client.list_jobs() if not job.state.is_over and RUNNER in job.metadata]
    async with tools.database.read() as session:
        service = await instance_id(session)
        ours = [job for job in running if job.metadata.get(SERVICE) == service]
        known = await runners.find_all(session, [job.metadata[RUNNER] for job in ours])
    for job in ours:
        reason = _why_orphaned(job, known.get(job.metadata[RUNNER]), tools.clock())
        if reason is not None:
            stopped = {"cluster": cluster, "job": job.submission_id, "reason": reason}
            log.warning("orphan stopped", extra=stopped)
            await client.stop(job.submission_id)


def _why_orphaned(job: ListedJob, runner: RunnerRow | None, now: datetime) -> str | None:
    if runner is None:
        return f"the ledger knows no runner {job.metadata[RUNNER]}"
    if runner.state in runners.ACTIVE or runner.ended_at is None:
        return None
    # An end that lies ahead was told by a clock that has been put back since.
    if timedelta(0) <= now - runner.ended_at < timedelta(seconds=GRACE_SECONDS):
        return None
    return f"runner {runner.id} is {runner.state.value} since {runner.ended_at}"
