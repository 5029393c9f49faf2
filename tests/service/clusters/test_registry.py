"""Clusters by name."""

import pytest
from fakes.clusters import FakeClusterClient

from service.clusters.ray_jobs import RayJobs
from service.clusters.registry import ClusterRegistry
from service.errors import UnknownCluster
from service.settings import ClusterSettings


def test_an_unknown_cluster_is_refused_with_the_known_names() -> None:
    registry = ClusterRegistry({}, {"west": FakeClusterClient(), "east": FakeClusterClient()})
    with pytest.raises(UnknownCluster, match="there is no cluster 'north'; registered: east, west"):
        registry.client("north")


def test_without_any_cluster_the_refusal_says_so() -> None:
    with pytest.raises(UnknownCluster, match="registered: none"):
        ClusterRegistry({}).client("north")


async def test_the_settings_become_ray_clusters() -> None:
    registry = ClusterRegistry({"local": ClusterSettings(address="http://127.0.0.1:1", token="t")})  # type: ignore[arg-type]
    assert registry.names() == ["local"]
    assert isinstance(registry.client("local"), RayJobs)
    await registry.aclose()
