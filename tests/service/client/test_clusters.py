"""Clusters through the SDK, against the real service with its loops."""

import time
from collections.abc import Iterator

import pytest

from service.client.client import SupsweepClient
from service.client.failures import ApiError

PATIENCE_SECONDS = 30.0


@pytest.fixture
def east(client: SupsweepClient) -> Iterator[str]:
    """Name of a cluster where nobody answers."""
    client.create_cluster("east", "http://127.0.0.1:1", token="secret", labels={"gpu": "h100"})
    yield "east"
    client.delete_cluster("east")


def test_a_cluster_of_the_settings_is_found_healthy_by_the_service_itself(client: SupsweepClient) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (cluster := client.get_cluster("local")).health.is_healthy:
        assert time.monotonic() < deadline, cluster
        time.sleep(0.05)
    assert (cluster.is_from_settings, cluster.health.cpus_free) == (True, 3.0)


def test_a_cluster_is_registered_checked_and_changed(client: SupsweepClient, east: str) -> None:
    assert [cluster.name for cluster in client.list_clusters()] == ["east", "local"]
    checked = client.check_cluster(east)
    assert (checked.has_token, checked.health.is_healthy) == (True, False)
    assert "does not answer" in (checked.health.problem or "")
    assert client.change_cluster(east, labels={}, token=None).has_token is False


def test_a_refusal_names_its_code(client: SupsweepClient) -> None:
    with pytest.raises(ApiError) as refused:
        client.delete_cluster("local")
    assert refused.value.problem.code == "cluster_from_settings"
