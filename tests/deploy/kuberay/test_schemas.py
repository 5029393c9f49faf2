"""The manifests of deploy/kuberay are what Kubernetes, KubeRay and the Prometheus Operator accept, word for word."""

import copy
import functools
from collections.abc import Iterator
from typing import Any

import kubernetes_validate
import pytest
from fakes.custom_resources import CUSTOM_RESOURCES, Manifest
from fakes.kubernetes import OVERLAYS, deployed, named, pods_of, render
from pydantic import ValidationError

KUBERNETES = ("1.34", "1.37")
"""The oldest that our manifests are for (it has preStop.sleep), and the newest that is known here."""
REFUSALS = (kubernetes_validate.ValidationError, ValidationError)


@pytest.fixture(autouse=True, scope="module")
def schemas_are_read_once() -> Iterator[None]:
    """The library would read its megabytes of definitions for each manifest."""
    utils = kubernetes_validate.utils
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(utils, "schema_contents", functools.cache(utils.schema_contents))
        yield


def check(manifests: list[Manifest], kubernetes: str) -> None:
    """Raises one of REFUSALS."""
    for manifest in manifests:
        if manifest["kind"] in CUSTOM_RESOURCES:
            CUSTOM_RESOURCES[manifest["kind"]].model_validate(manifest)
        else:
            kubernetes_validate.validate(manifest, kubernetes, strict=True)
    for pod in _pods_within(manifests):
        kubernetes_validate.validate(pod, kubernetes, strict=True)


def _pods_within(manifests: list[Manifest]) -> Iterator[Manifest]:
    """Those of custom resources, whose own schema is here and knows nothing of pods."""
    for manifest in manifests:
        if manifest["kind"] == "RayCluster":
            for pod in pods_of([manifest]):
                yield {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": pod.spec}
            yield from _autoscaler_of(manifest)


def _autoscaler_of(ray_cluster: Manifest) -> Iterator[Manifest]:
    """The pod with the container that the operator makes of the autoscaler's options."""
    options = ray_cluster["spec"].get("autoscalerOptions")
    if options is not None:
        fields = ("resources", "env", "securityContext", "volumeMounts")
        container = {"name": "autoscaler", **{name: options[name] for name in fields}}
        yield {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "pod"}, "spec": {"containers": [container]}}


@pytest.mark.parametrize("kubernetes", KUBERNETES)
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_manifest_is_accepted(overlay: str, kubernetes: str) -> None:
    check(deployed(overlay), kubernetes)


@pytest.mark.parametrize(
    ("kind", "name", "path", "field"),
    [
        ("Deployment", "control-plane", "spec.template.spec.containers.0", "readinessProbes"),
        ("NetworkPolicy", "control-plane", "spec", "ingres"),
        ("RayCluster", "ray", "spec.autoscalerOptions", "idleTimeout"),
        ("RayCluster", "ray", "spec.autoscalerOptions.securityContext", "runAsNonroot"),
        ("RayCluster", "ray", "spec.workerGroupSpecs.0.template.spec", "nodeSelectors"),
        ("ServiceMonitor", "control-plane", "spec.endpoints.0", "bearer"),
        ("PodMonitor", "ray", "spec.podMetricsEndpoints.0", "ports"),
    ],
)
def test_a_misspelt_field_is_refused(kind: str, name: str, path: str, field: str) -> None:
    manifest = copy.deepcopy(named(render("overlays/production"), kind, name))
    part: Any = manifest
    for step in path.split("."):
        part = part[int(step) if step.isdigit() else step]
    part[field] = {}
    with pytest.raises(REFUSALS, match=field):
        check([manifest], KUBERNETES[-1])
