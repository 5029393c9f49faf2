"""Clusters in the table of a test's ledger."""

from typing import Any

from fakes.ledger import World

from service.db import clusters
from service.db.clusters import ClusterRow


async def register(world: World, name: str, **columns: Any) -> None:
    """Puts a cluster into the table."""
    now = world.clock()
    defaults = {"address": "http://127.0.0.1:1", "created_at": now, "check_due_at": now, "orphans_due_at": now}
    async with world.database.write() as session:
        session.add(ClusterRow(name=name, **{**defaults, **columns}))


async def cluster_row(world: World, name: str) -> ClusterRow:
    """The cluster as the table has it."""
    async with world.database.read() as session:
        row = await clusters.find(session, name)
    assert row is not None
    return row
