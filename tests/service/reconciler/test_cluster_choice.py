"""Sweeps that choose clusters by label: what the label means is looked up at every step."""

import pytest
from fakes.clusters import FakeClusterClient
from fakes.ledger import World, small_spec
from fakes.registered import cluster_row, register

from service.clusters.protocol import ClusterUnreachable
from service.db import clusters, runners
from service.db.instance import instance_id
from service.lifecycle import SweepState
from service.operations.cluster_checks import check_cluster
from service.reconciler.claim import Tools
from service.reconciler.loop import take_due_step


@pytest.fixture
def east(world: World) -> FakeClusterClient:
    world.other_clusters["east"] = FakeClusterClient()
    return world.other_clusters["east"]


@pytest.fixture
def west(world: World) -> FakeClusterClient:
    world.other_clusters["west"] = FakeClusterClient()
    return world.other_clusters["west"]


async def reconcile_for(world: World, seconds: int) -> None:
    tools = Tools(world.settings, world.database, world.clusters, world.clock)
    for _ in range(seconds):
        while await take_due_step(tools, "worker", world.clock()):
            pass
        world.clock.turn(1)


async def relabel(world: World, name: str, labels: dict[str, str]) -> None:
    async with world.database.write() as session:
        row = await clusters.find(session, name, lock=True)
        assert row is not None
        row.labels = labels


async def test_every_cluster_with_the_label_gets_a_runner(
    world: World, east: FakeClusterClient, west: FakeClusterClient
) -> None:
    await register(world, "east", labels={"gpu": "h100"})
    await register(world, "west", labels={"gpu": "h100"})
    await world.create(small_spec(clusters=["gpu=h100"]))
    await reconcile_for(world, 5)
    assert (len(east.jobs), len(west.jobs), len(world.cluster.jobs)) == (1, 1, 0)


async def test_a_cluster_that_gets_the_label_later_gets_a_runner_then(
    world: World, east: FakeClusterClient, west: FakeClusterClient
) -> None:
    await register(world, "east", labels={"gpu": "h100"})
    await register(world, "west")
    await world.create(small_spec(clusters=["gpu=h100"]))
    await reconcile_for(world, 5)
    assert west.jobs == {}
    await relabel(world, "west", {"gpu": "h100"})
    await reconcile_for(world, 5)
    assert (len(east.jobs), len(west.jobs)) == (1, 1)


async def test_a_cluster_that_loses_the_label_is_left(world: World, east: FakeClusterClient) -> None:
    await register(world, "east", labels={"gpu": "h100"})
    sweep_id = await world.create(small_spec(clusters=["gpu=h100", "local"]))
    await reconcile_for(world, 5)
    assert len(east.jobs) == 1
    await relabel(world, "east", {})
    await reconcile_for(world, 5)
    async with world.database.read() as session:
        is_draining = {row.cluster: row.is_draining for row in await runners.of_sweep(session, sweep_id)}
    assert is_draining == {"east": True, "local": False}


async def test_a_sweep_whose_label_nobody_has_any_more_waits_and_says_so(world: World, east: FakeClusterClient) -> None:
    await register(world, "east", labels={"gpu": "h100"})
    sweep_id = await world.create(small_spec(clusters=["gpu=h100"]))
    await relabel(world, "east", {})
    await reconcile_for(world, 5)
    sweep = await world.sweep(sweep_id)
    assert (sweep.state, sweep.state_reason) == (SweepState.QUEUED, "no registered cluster has the label gpu=h100")
    await relabel(world, "east", {"gpu": "h100"})
    await reconcile_for(world, 5)
    sweep = await world.sweep(sweep_id)
    assert (sweep.state, sweep.state_reason, len(east.jobs)) == (SweepState.RUNNING, None, 1)


async def check(world: World, name: str) -> None:
    """What the round over the clusters does every 15 s."""
    await check_cluster(world.database, world.clusters, await cluster_row(world, name), world.clock())


async def test_a_cluster_that_is_away_gets_no_runner_until_it_answers_again(
    world: World, east: FakeClusterClient, west: FakeClusterClient
) -> None:
    for name in ("east", "west"):
        await register(world, name, labels={"gpu": "h100"})
    west.fails_with = ClusterUnreachable("the dashboard is away")
    await check(world, "west")
    sweep_id = await world.create(small_spec(clusters=["gpu=h100"]))
    for _ in range(4):
        await reconcile_for(world, 15)
        await check(world, "west")
    async with world.database.read() as session:
        assert {row.cluster for row in await runners.of_sweep(session, sweep_id)} == {"east"}
    sweep = await world.sweep(sweep_id)
    assert (sweep.state, sweep.state_reason) == (
        SweepState.RUNNING,
        "no runner on cluster west: the dashboard is away",
    )
    west.fails_with = None
    await check(world, "west")
    await reconcile_for(world, 3)
    assert (len(west.jobs), (await world.sweep(sweep_id)).state_reason) == (1, None)


async def test_what_was_seen_of_a_cluster_long_ago_keeps_no_runner_from_it(
    world: World, west: FakeClusterClient
) -> None:
    await register(world, "west")
    west.fails_with = ClusterUnreachable("the dashboard is away")
    await check(world, "west")
    west.fails_with = None
    await world.create(small_spec(clusters=["west"]))
    await reconcile_for(world, 50)
    assert west.jobs == {}
    await reconcile_for(world, 20)
    assert len(west.jobs) == 1


async def test_jobs_carry_the_id_of_the_service(world: World) -> None:
    sweep_id = await world.create()
    await reconcile_for(world, 2)
    async with world.database.read() as session:
        service = await instance_id(session)
    (job,) = world.cluster.jobs.values()
    assert job.metadata == {
        "supsweep_service": service,
        "supsweep_sweep": sweep_id,
        "supsweep_runner": f"{sweep_id}-1",
    }
