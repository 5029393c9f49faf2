"""How a cluster is: it is asked, and what was seen is kept in its row."""

import asyncio
from datetime import datetime

from service.clusters.protocol import ClusterRefused, ClusterUnreachable, Sighting
from service.clusters.registry import ClusterRegistry
from service.db import clusters
from service.db.clusters import SEEN, ClusterRow
from service.db.database import Database
from service.errors import UnknownCluster

CHECK_SECONDS = 10.0
"""Most time that a cluster has to answer a check."""


async def check_cluster(database: Database, registry: ClusterRegistry, row: ClusterRow, now: datetime) -> None:
    """Asks the cluster how it is and what it has, and keeps that unless it was changed or deleted meanwhile."""
    sighting, problem = await _see(registry, row.name)
    async with database.write() as session:
        current = await clusters.find(session, row.name, lock=True)
        if current is None or (current.created_at, current.version) != (row.created_at, row.version):
            return
        is_healthy = sighting is not None
        if current.is_healthy is not is_healthy:
            current.is_healthy, current.health_since = is_healthy, now
        current.checked_at, current.problem = now, problem
        for field in SEEN if sighting is not None else ():
            setattr(current, field, getattr(sighting, field))


async def _see(registry: ClusterRegistry, name: str) -> tuple[Sighting | None, str | None]:
    """What is seen of the cluster, or the problem."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            client = await registry.client(name)
            return await client.check(), None
    except (ClusterUnreachable, ClusterRefused, UnknownCluster) as error:
        return None, str(error)
    except TimeoutError:
        return None, f"it does not answer within {CHECK_SECONDS:.0f} seconds"
