"""Rounds over the registered clusters: each is visited every so often, by one of all processes of the service."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from service.clusters.protocol import ClusterRefused, ClusterUnreachable
from service.db import clusters
from service.db.clusters import ClusterRow
from service.db.database import Session
from service.errors import SweepServiceError
from service.loops import Loop, Loops
from service.operations.cluster_checks import check_cluster
from service.reconciler.claim import Tools
from service.reconciler.orphans import stop_orphans

log = logging.getLogger(__name__)

CHECK_SECONDS = 15.0
ORPHANS_SECONDS = 60.0
"""Ray lists every job that it remembers, so this is asked for more rarely."""
LOOK_SECONDS = 2.0
MOST_JITTER = 0.2

ClaimDue = Callable[[Session, datetime, datetime], Awaitable[ClusterRow | None]]
Visit = Callable[[ClusterRow], Awaitable[None]]


def start_rounds(tools: Tools, loops: Loops) -> None:
    """Starts what watches the clusters' health, and what looks for jobs that should not run."""

    async def check(row: ClusterRow) -> None:
        await check_cluster(tools.database, tools.clusters, row, tools.clock())

    async def stop(row: ClusterRow) -> None:
        await stop_orphans(tools, row.name)

    loops.start("clusters", lambda loop: _go_round(tools, loop, clusters.claim_check, CHECK_SECONDS, check))
    loops.start("orphans", lambda loop: _go_round(tools, loop, clusters.claim_orphans, ORPHANS_SECONDS, stop))


async def visit_due(tools: Tools, claim: ClaimDue, every_seconds: float, visit: Visit) -> None:
    """Visits every cluster that is due, all at once: one that hangs holds up no other."""
    due: list[ClusterRow] = []
    while (row := await _claim(tools, claim, every_seconds)) is not None:
        due.append(row)
    await asyncio.gather(*[_visit_safely(visit, row) for row in due])


async def _go_round(tools: Tools, loop: Loop, claim: ClaimDue, every_seconds: float, visit: Visit) -> None:
    while loop.turns():
        try:
            await visit_due(tools, claim, every_seconds, visit)
        except SweepServiceError as error:
            log.warning("clusters are not visited", extra={"reason": error.detail})
            loop.waits_for(error.detail)
        except Exception:  # whatever it is, the next round may succeed
            log.exception("clusters are not visited")
        await loop.pause(LOOK_SECONDS)


async def _claim(tools: Tools, claim: ClaimDue, every_seconds: float) -> ClusterRow | None:
    now = tools.clock()
    pause = every_seconds * random.uniform(1 - MOST_JITTER, 1 + MOST_JITTER)  # noqa: S311  # jitter is no secret
    async with tools.database.write() as session:
        return await claim(session, now, now + timedelta(seconds=pause))


async def _visit_safely(visit: Visit, row: ClusterRow) -> None:
    try:
        await visit(row)
    except (ClusterUnreachable, ClusterRefused, SweepServiceError) as error:
        log.warning("cluster not visited", extra={"cluster": row.name, "reason": str(error)})
    except Exception:  # a bug with one cluster must not keep the others from being visited
        log.exception("cluster not visited", extra={"cluster": row.name})
