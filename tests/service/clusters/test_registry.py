"""Clusters by name and by label, as the table has them now."""

import pytest
from fakes.clusters import FakeClusterClient
from fakes.ledger import World
from fakes.registered import register

from service.clusters.protocol import ClusterRefused
from service.clusters.ray_jobs import RayJobs
from service.clusters.registry import ClusterRegistry
from service.db import clusters
from service.errors import UnknownCluster
from service.vault import Vault


@pytest.fixture
def registry(world: World) -> ClusterRegistry:
    return ClusterRegistry(world.database, world.vault)


async def test_an_unknown_cluster_is_refused_with_the_known_ones_and_their_labels(
    world: World, registry: ClusterRegistry
) -> None:
    await register(world, "west")
    await register(world, "east", labels={"region": "eu", "gpu": "h100"})
    with pytest.raises(
        UnknownCluster, match=r"there is no cluster 'north'; registered: east \(gpu=h100, region=eu\), west"
    ):
        await registry.client("north")


async def test_without_any_cluster_the_refusal_says_so(registry: ClusterRegistry) -> None:
    with pytest.raises(UnknownCluster, match="registered: none"):
        await registry.client("north")


async def test_a_registered_cluster_is_spoken_to_by_one_client(world: World, registry: ClusterRegistry) -> None:
    await register(world, "west", sealed_token=world.vault.seal("secret"))
    client = await registry.client("west")
    assert isinstance(client, RayJobs)
    assert await registry.client("west") is client
    await registry.aclose()


async def test_a_changed_cluster_gets_a_new_client(world: World, registry: ClusterRegistry) -> None:
    await register(world, "west")
    before = await registry.client("west")
    async with world.database.write() as session:
        row = await clusters.find(session, "west", lock=True)
        assert row is not None
        row.version += 1
    assert await registry.client("west") is not before
    await registry.aclose()


async def test_what_was_seen_of_a_cluster_costs_no_new_client(world: World, registry: ClusterRegistry) -> None:
    await register(world, "west")
    before = await registry.client("west")
    async with world.database.write() as session:
        row = await clusters.find(session, "west", lock=True)
        assert row is not None
        row.checked_at, row.is_healthy = world.clock(), True
    assert await registry.client("west") is before
    await registry.aclose()


async def test_a_cluster_that_was_made_anew_gets_a_new_client(world: World, registry: ClusterRegistry) -> None:
    await register(world, "west")
    before = await registry.client("west")
    async with world.database.write() as session:
        await session.delete(await clusters.find(session, "west"))
    world.clock.turn(1)
    await register(world, "west")
    assert await registry.client("west") is not before
    await registry.aclose()


async def test_a_token_that_cannot_be_opened_is_a_refusal_of_the_cluster(world: World) -> None:
    await register(world, "west", sealed_token=world.vault.seal("secret"))
    foreign = Vault(None, world.settings.home / "another_key")
    with pytest.raises(ClusterRefused, match=r"token of cluster west cannot be read.*SUPSWEEP_SECRET_KEYS"):
        await ClusterRegistry(world.database, foreign).client("west")


async def test_a_stand_in_takes_the_place_of_the_registered_client(world: World) -> None:
    fake = FakeClusterClient()
    await register(world, "west", labels={"region": "us"})
    registry = ClusterRegistry(world.database, world.vault, {"west": fake, "local": fake})
    assert await registry.client("west") is fake
    async with world.database.read() as session:
        assert await registry.registered(session) == {"west": {"region": "us"}, "local": {}}


async def test_labels_mean_the_clusters_that_have_them_at_the_time(world: World, registry: ClusterRegistry) -> None:
    await register(world, "west", labels={"gpu": "h100"})
    async with world.database.read() as session:
        assert await registry.resolve(session, ["gpu=h100"]) == ["west"]
    await register(world, "east", labels={"gpu": "h100"})
    async with world.database.read() as session:
        assert await registry.resolve(session, ["gpu=h100", "west"]) == ["east", "west"]


@pytest.mark.parametrize(
    ("choices", "sentence"),
    [
        (["west", "mars"], r"unknown cluster 'mars'; registered: west \(gpu=h100\)"),
        (["gpu=a100"], r"no cluster has the label 'gpu=a100'; registered: west \(gpu=h100\)"),
    ],
)
async def test_a_choice_that_means_nothing_is_refused(
    world: World, registry: ClusterRegistry, choices: list[str], sentence: str
) -> None:
    await register(world, "west", labels={"gpu": "h100"})
    async with world.database.read() as session:
        with pytest.raises(UnknownCluster, match=sentence):
            await registry.check_choices(session, choices)
