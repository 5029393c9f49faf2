"""Who must speak to whom may, and nobody else."""

from urllib.parse import urlsplit

import pytest
from fakes.custom_resources import Manifest
from fakes.kubernetes import Pod, allows, deployed, environment_of, lets_in, named, pod_of, pods_of, selected

from service.settings import Settings

ALLOWED = [
    ("control-plane", "mlflow", 5000),
    ("control-plane", "ray headgroup", 8265),
    ("ray headgroup", "control-plane", 8000),
]
OF_TRY = [
    ("control-plane", "postgres", 5432),
    ("migrations", "postgres", 5432),
    ("mlflow", "postgres", 5432),
    ("ray cpu", "ray headgroup", 6379),
    ("ray headgroup", "ray cpu", 10002),
]
OF_PRODUCTION = [
    ("ray headgroup", "redis", 6379),
    ("ray gpu-spot", "ray headgroup", 6379),
    ("ray gpu", "ray gpu-spot", 10002),
]

PORTS = (5000, 5432, 6379, 8000, 8265, 10002)


@pytest.mark.parametrize(
    ("overlay", "source", "target", "port"),
    [
        (overlay, *flow)
        for overlay, own in (("try", OF_TRY), ("production", OF_PRODUCTION))
        for flow in (*ALLOWED, *own)
    ],
)
def test_who_must_speak_to_whom_may(overlay: str, source: str, target: str, port: int) -> None:
    manifests = deployed(overlay)
    assert allows(manifests, pod_of(manifests, source), pod_of(manifests, target), port)


@pytest.mark.parametrize("port", PORTS)
def test_nobody_else_may(manifests: list[Manifest], port: int) -> None:
    expected = {*ALLOWED, *OF_TRY, *OF_PRODUCTION}
    pods = pods_of(manifests)
    speaking = {
        (source.owner, target.owner, port)
        for source in pods
        for target in pods
        if not (source.owner.startswith("ray") and target.owner.startswith("ray"))
        and allows(manifests, source, target, port)
    }
    assert speaking <= expected


@pytest.mark.parametrize("port", PORTS)
def test_a_pod_that_no_policy_names_is_let_in_nowhere(manifests: list[Manifest], port: int) -> None:
    stranger = Pod("stranger", {}, {})
    assert not [pod.owner for pod in pods_of(manifests) if lets_in(manifests, stranger, pod, port)]


def test_the_addresses_in_the_settings_are_services_that_may_be_reached(
    settings: Settings, manifests: list[Manifest]
) -> None:
    (cluster,) = settings.clusters.values()
    us = pod_of(manifests, "control-plane")
    for url, target in (
        (settings.mlflow_uri, "mlflow"),
        (cluster.address, "ray headgroup"),
        (settings.public_url, "control-plane"),
    ):
        address = urlsplit(str(url))
        assert address.hostname is not None
        assert _served_by(address.hostname.partition(".")[0], manifests) == target
        source = us if target != "control-plane" else pod_of(manifests, "ray headgroup")
        assert allows(manifests, source, pod_of(manifests, target), address.port or 0)


def test_the_head_finds_the_redis_that_keeps_its_state() -> None:
    manifests = deployed("production")
    options = named(manifests, "RayCluster", "ray")["spec"]["gcsFaultToleranceOptions"]
    host, _, port = options["redisAddress"].partition(":")
    key = options["redisPassword"]["valueFrom"]["secretKeyRef"]
    redis = pod_of(manifests, "redis")
    assert _served_by(host, manifests) == "redis"
    assert int(port) == redis.containers[0]["ports"][0]["containerPort"]
    assert (
        environment_of(redis.containers[0], manifests)["REDIS_PASSWORD"]
        == named(manifests, "Secret", key["name"])["stringData"][key["key"]]
    )


def _served_by(service: str, manifests: list[Manifest]) -> str:
    """The pods behind a Service; that of a head is made by the operator and bears its cluster's name."""
    if service == named(manifests, "RayCluster", "ray")["metadata"]["name"] + "-head-svc":
        return "ray headgroup"
    selector = named(manifests, "Service", service)["spec"]["selector"]
    (found,) = selected({"matchLabels": selector}, pods_of(manifests))
    return found.owner
