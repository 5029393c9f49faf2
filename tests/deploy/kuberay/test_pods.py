"""What a pod may do and what it may use."""

from collections.abc import Iterator

from fakes.custom_resources import Manifest
from fakes.kubernetes import Pod, environment_of, named, pods_of


def test_no_container_is_root_or_may_become_more_than_it_is(manifests: list[Manifest]) -> None:
    for pod in pods_of(manifests):
        assert pod.spec["securityContext"]["runAsNonRoot"], pod.owner
        assert pod.spec["securityContext"]["runAsUser"] > 0
        assert pod.spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for context in _security_contexts(pod, manifests):
            assert context == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }, pod.owner


def test_only_the_head_of_a_cluster_that_scales_itself_may_speak_to_kubernetes(manifests: list[Manifest]) -> None:
    scales = named(manifests, "RayCluster", "ray")["spec"].get("enableInTreeAutoscaling", False)
    speaking = {pod.owner for pod in pods_of(manifests) if pod.spec["automountServiceAccountToken"]}
    assert speaking == ({"ray headgroup"} if scales else set())


def test_every_container_has_the_memory_that_it_asks_for_and_no_more(manifests: list[Manifest]) -> None:
    for pod in pods_of(manifests):
        for container in pod.containers:
            resources = container["resources"]
            assert resources["requests"]["memory"] == resources["limits"]["memory"], pod.owner
            assert resources["requests"]["cpu"]


def test_no_trial_runs_on_a_head_and_ray_knows_what_workers_may_use(manifests: list[Manifest]) -> None:
    spec = named(manifests, "RayCluster", "ray")["spec"]
    assert spec["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"
    for group in spec["workerGroupSpecs"]:
        assert group["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"]


def test_copies_of_data_in_buckets_have_a_volume_of_their_own(manifests: list[Manifest]) -> None:
    for pod in (one for one in pods_of(manifests) if one.owner.startswith("ray")):
        (container,) = pod.containers
        folder = environment_of(container, manifests)["XDG_CACHE_HOME"]
        (volume,) = [mount["name"] for mount in container["volumeMounts"] if mount["mountPath"] == folder]
        (source,) = [one for one in pod.spec["volumes"] if one["name"] == volume]
        assert source["emptyDir"]["sizeLimit"], pod.owner


def _security_contexts(pod: Pod, manifests: list[Manifest]) -> Iterator[Manifest]:
    yield from (container["securityContext"] for container in pod.containers)
    if pod.owner == "ray headgroup":
        options = named(manifests, "RayCluster", "ray")["spec"].get("autoscalerOptions")
        if options is not None:
            yield options["securityContext"]
