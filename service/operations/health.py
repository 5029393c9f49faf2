"""What an operator asks first: which part of this process is broken, and which is only late."""

from collections.abc import AsyncIterator

from service.db import clusters
from service.db.clusters import ClusterRow
from service.db.database import Database
from service.db.migrations import SchemaProblem, schema_problem
from service.errors import SweepServiceError
from service.loops import Loop, Loops
from service.schemas.health import Health, PartHealth


async def examine(database: Database, loops: Loops, stuck_seconds: float) -> Health:
    """Every part with its state. Clusters and MLflow that are away make the service late, not unready."""
    parts = [part async for part in _stored(database)]
    parts += [_turning(loop, stuck_seconds) for loop in loops.running()]
    parts += [PartHealth(name=loop.name, state="broken", detail=f"the {loop.name} has ended") for loop in loops.ended()]
    states = {part.state for part in parts}
    status = "unavailable" if "broken" in states else "degraded" if "degraded" in states else "ok"
    return Health(status=status, parts=parts)


async def _stored(database: Database) -> AsyncIterator[PartHealth]:
    try:
        await database.check()
        problem = await schema_problem(database)
    except SweepServiceError as error:
        yield PartHealth(name="database", state="broken", detail=error.detail)
        return
    yield PartHealth(name="database", state="ok")
    yield _schema(problem)
    if problem is None or problem.is_newer:
        async with database.read() as session:
            for row in await clusters.every(session):
                yield _cluster(row)


def _schema(problem: SchemaProblem | None) -> PartHealth:
    if problem is None:
        return PartHealth(name="schema", state="ok")
    # While processes are replaced one by one, those of the release before serve on.
    return PartHealth(name="schema", state="degraded" if problem.is_newer else "broken", detail=problem.detail)


def _cluster(row: ClusterRow) -> PartHealth:
    # One that is drained may be taken away: nobody misses it.
    state = "degraded" if row.is_healthy is False and not row.is_draining else "ok"
    return PartHealth(name=f"cluster {row.name}", state=state, detail=row.problem if state == "degraded" else None)


def _turning(loop: Loop, stuck_seconds: float) -> PartHealth:
    if loop.silent_seconds > stuck_seconds:
        detail = f"the {loop.name} is stuck: it has not turned for {loop.silent_seconds:.0f} s"
        return PartHealth(name=loop.name, state="broken", detail=detail)
    return PartHealth(name=loop.name, state="degraded" if loop.trouble else "ok", detail=loop.trouble)
