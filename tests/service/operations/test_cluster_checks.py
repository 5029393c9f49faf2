"""What is seen of a cluster, and since when."""

import asyncio

import pytest
from fakes.ledger import World
from fakes.registered import cluster_row, register

from service.clusters.protocol import ClusterRefused, ClusterUnreachable, Sighting
from service.db import clusters
from service.operations import cluster_checks
from service.operations.cluster_checks import check_cluster


async def check(world: World) -> None:
    await check_cluster(world.database, world.clusters, await cluster_row(world, "local"), world.clock())


async def test_health_counts_from_when_it_changed(world: World) -> None:
    await register(world, "local")
    began = world.clock()
    await check(world)
    world.clock.turn(15)
    await check(world)
    row = await cluster_row(world, "local")
    assert (row.is_healthy, row.health_since, row.checked_at) == (True, began, world.clock())
    world.cluster.fails_with = ClusterRefused("the token is wrong")
    world.clock.turn(15)
    await check(world)
    row = await cluster_row(world, "local")
    assert (row.is_healthy, row.health_since, row.problem) == (False, world.clock(), "the token is wrong")


async def test_what_a_cluster_has_stays_known_while_it_is_away(world: World) -> None:
    await register(world, "local")
    await check(world)
    world.cluster.fails_with = ClusterUnreachable("away")
    await check(world)
    assert (await cluster_row(world, "local")).cpus_total == 4.0


async def test_a_check_makes_no_new_edition(world: World) -> None:
    await register(world, "local")
    await check(world)
    assert (await cluster_row(world, "local")).version == 1


async def test_what_was_seen_at_a_former_address_is_dropped(world: World) -> None:
    await register(world, "local")
    before = await cluster_row(world, "local")
    async with world.database.write() as session:
        row = await clusters.find(session, "local", lock=True)
        assert row is not None
        row.version += 1
    await check_cluster(world.database, world.clusters, before, world.clock())
    assert (await cluster_row(world, "local")).checked_at is None


async def test_a_cluster_that_was_deleted_meanwhile_is_left_alone(world: World) -> None:
    await register(world, "local")
    row = await cluster_row(world, "local")
    async with world.database.write() as session:
        await session.delete(row)
    await check_cluster(world.database, world.clusters, row, world.clock())


async def test_a_cluster_that_does_not_answer_in_time_is_not_healthy(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang() -> Sighting:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(cluster_checks, "CHECK_SECONDS", 0.01)
    monkeypatch.setattr(world.cluster, "check", hang)
    await register(world, "local")
    await check(world)
    assert "does not answer within" in ((await cluster_row(world, "local")).problem or "")
