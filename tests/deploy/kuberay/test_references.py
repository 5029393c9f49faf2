"""What a manifest names is there."""

import json
from collections.abc import Iterator

from fakes.custom_resources import Manifest
from fakes.kubernetes import deployed, environment_of, named, pod_of, pods_of, selected, selects


def test_every_secret_map_claim_and_account_that_a_pod_names_is_there(manifests: list[Manifest]) -> None:
    there = {(one["kind"], one["metadata"].get("name")) for one in manifests}
    missing = {(pod.owner, wanted) for pod in pods_of(manifests) for wanted in _wanted(pod.spec) if wanted not in there}
    assert not missing
    for pod in pods_of(manifests):
        for container in pod.containers:
            environment_of(container, manifests)


def test_the_migrations_run_from_the_image_of_the_control_plane(manifests: list[Manifest]) -> None:
    (migrate,) = pod_of(manifests, "migrations").containers
    (serve,) = pod_of(manifests, "control-plane").containers
    assert migrate["image"] == serve["image"]


def test_every_image_of_ours_comes_from_the_registry_of_production() -> None:
    images = {container["image"] for pod in pods_of(deployed("production")) for container in pod.containers}
    assert {image for image in images if "supsweep" in image} == {
        f"registry.example.org/supsweep/{name}:0.1.0" for name in ("control-plane", "mlflow", "ray")
    }


def test_every_variable_that_another_is_made_of_stands_before_it(manifests: list[Manifest]) -> None:
    values = [
        value
        for pod in pods_of(manifests)
        for one in pod.containers
        for value in environment_of(one, manifests).values()
    ]
    assert not [value for value in values if "$(" in value]


def test_every_selector_means_pods_that_are_there(manifests: list[Manifest]) -> None:
    pods = pods_of(manifests)
    for manifest in manifests:
        spec = manifest.get("spec", {})
        if manifest["kind"] == "Service":
            assert selected({"matchLabels": spec["selector"]}, pods), manifest["metadata"]["name"]
        if manifest["kind"] == "PodDisruptionBudget":
            assert selected(spec["selector"], pods), manifest["metadata"]["name"]
        if manifest["kind"] == "NetworkPolicy":
            assert selected(spec["podSelector"], pods), manifest["metadata"]["name"]
        if manifest["kind"] == "PodMonitor":
            assert selected(spec["selector"], pods), manifest["metadata"]["name"]
        if manifest["kind"] == "ServiceMonitor":
            services = [one["metadata"].get("labels", {}) for one in manifests if one["kind"] == "Service"]
            assert any(selects(spec["selector"], labels) for labels in services)


def test_every_port_that_is_called_by_name_is_there(manifests: list[Manifest]) -> None:
    for pod in pods_of(manifests):
        for container in pod.containers:
            assert _probed_ports(container) <= {port["name"] for port in container.get("ports", [])}, pod.owner
    for service in (one["spec"] for one in manifests if one["kind"] == "Service"):
        ports = {
            port["name"]: port["containerPort"]
            for pod in selected({"matchLabels": service["selector"]}, pods_of(manifests))
            for port in pod.containers[0]["ports"]
        }
        assert all(ports[port["targetPort"]] == port["port"] for port in service["ports"])


def test_ingress_and_monitor_name_a_port_of_the_service_and_a_key_of_a_secret() -> None:
    manifests = deployed("production")
    ports = {port["name"] for port in named(manifests, "Service", "control-plane")["spec"]["ports"]}
    (path,) = named(manifests, "Ingress", "control-plane")["spec"]["rules"][0]["http"]["paths"]
    (endpoint,) = named(manifests, "ServiceMonitor", "control-plane")["spec"]["endpoints"]
    key = endpoint["authorization"]["credentials"]
    assert path["backend"]["service"] == {"name": "control-plane", "port": {"name": endpoint["port"]}}
    assert endpoint["port"] in ports
    assert key["key"] in named(manifests, "Secret", key["name"])["stringData"]


def test_monitors_give_the_names_that_alerts_and_dashboards_ask_for() -> None:
    manifests = deployed("production")
    (service,) = named(manifests, "ServiceMonitor", "control-plane")["spec"]["endpoints"]
    (node,) = named(manifests, "PodMonitor", "ray")["spec"]["podMetricsEndpoints"]
    environment = environment_of(pod_of(manifests, "control-plane").containers[0], manifests)
    (cluster,) = json.loads(environment["SUPSWEEP_CLUSTERS"])
    assert service["relabelings"] == [{"targetLabel": "job", "replacement": "supsweep"}]
    assert {one["targetLabel"]: one["replacement"] for one in node["relabelings"]} == {"job": "ray", "cluster": cluster}


def _wanted(spec: Manifest) -> Iterator[tuple[str, str]]:
    """Kind and name of everything that must be there for a pod to start."""
    if "serviceAccountName" in spec:
        yield "ServiceAccount", spec["serviceAccountName"]
    for volume in spec.get("volumes", []):
        if "persistentVolumeClaim" in volume:
            yield "PersistentVolumeClaim", volume["persistentVolumeClaim"]["claimName"]
        if "configMap" in volume:
            yield "ConfigMap", volume["configMap"]["name"]


def _probed_ports(container: Manifest) -> set[str]:
    probes = [container[name] for name in ("startupProbe", "livenessProbe", "readinessProbe") if name in container]
    return {probe[how]["port"] for probe in probes for how in ("httpGet", "tcpSocket") if how in probe}
