"""The right to work on what MLflow shows of one sweep, for whoever is not the projector."""

import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from service.db import projections
from service.db.claims import CLAIM_SECONDS, renewed
from service.db.database import Database
from service.db.projections import ProjectionRow


@asynccontextmanager
async def claimed_view(
    database: Database, clock: Callable[[], datetime], sweep_id: str
) -> AsyncIterator[ProjectionRow | None]:
    """The sweep's projection, ours until the end of the block; none while somebody else works on it."""
    worker = f"view-{secrets.token_hex(4)}"
    async with database.write() as session:
        now = clock()
        row = await projections.claim(session, sweep_id, worker, now=now, until=now + timedelta(seconds=CLAIM_SECONDS))
    if row is None:
        yield None
        return

    async def renew() -> None:
        async with database.write() as session:
            await projections.hold(session, sweep_id, worker, until=clock() + timedelta(seconds=CLAIM_SECONDS))

    try:
        async with renewed(renew):
            yield row
    finally:
        async with database.write() as session:
            await projections.release(session, sweep_id, worker)
