"""Jobs of this service that run on a cluster although the ledger has no use for them: found in its list, and stopped.

They come about where a cluster was away while its runners were given up, or where a sweep was deleted. A job whose
cluster says that it is over cannot be stopped: fencing protects the ledger from it.
"""

import logging

from service.db import runners
from service.db.instance import instance_id
from service.ledger.orphans import RUNNER, SERVICE, why_unwanted
from service.reconciler.claim import Tools

log = logging.getLogger(__name__)


async def stop_orphans(tools: Tools, cluster: str) -> None:
    """Stops what should not run there. Raises ClusterUnreachable and ClusterRefused."""
    client = await tools.clusters.client(cluster)
    # Listed before the ledger is read: a runner is in the ledger before its job is submitted.
    running = [job for job in await client.list_jobs() if not job.state.is_over and RUNNER in job.metadata]
    async with tools.database.read() as session:
        service = await instance_id(session)
        ours = [job for job in running if job.metadata.get(SERVICE) == service]
        known = await runners.of_jobs(session, [job.submission_id for job in ours])
    for job in ours:
        reason = why_unwanted(job, known.get(job.submission_id), tools.clock())
        if reason is not None:
            stopped = {"cluster": cluster, "job": job.submission_id, "reason": reason}
            log.warning("orphan stopped", extra=stopped)
            await client.stop(job.submission_id)
