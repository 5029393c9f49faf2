"""The control plane reads from its environment what it should."""

import json
from pathlib import Path
from urllib.parse import urlsplit

from fakes.custom_resources import Manifest
from fakes.kubernetes import deployed, environment_of, named, pod_of, pods_of

from search_spaces.locations import Bucket
from service.settings import Settings


def test_every_variable_of_ours_is_a_setting(manifests: list[Manifest]) -> None:
    known = {f"SUPSWEEP_{name}".upper() for name in Settings.model_fields}
    named_here = {
        name
        for pod in pods_of(manifests)
        for container in pod.containers
        for name in environment_of(container, manifests)
        if name.startswith("SUPSWEEP_")
    }
    assert named_here <= known
    assert "SUPSWEEP_DATABASE_URL" in named_here


def test_the_control_plane_has_the_token_of_the_ray_pods(settings: Settings, manifests: list[Manifest]) -> None:
    (cluster,) = settings.clusters.values()
    ray = named(manifests, "RayCluster", "ray")
    secret = named(manifests, "Secret", ray["spec"]["authOptions"]["secretName"])
    assert cluster.token is not None
    assert cluster.token.get_secret_value() == secret["stringData"]["auth_token"]


def test_processes_share_what_seals_their_secrets(settings: Settings) -> None:
    assert settings.secret_keys is not None
    assert settings.metrics_token is not None
    assert settings.database_url.startswith("postgresql+asyncpg://")


def test_probes_and_runners_call_the_control_plane_by_names_that_it_answers_to(
    settings: Settings, control_plane: Manifest
) -> None:
    probes = [control_plane[name]["httpGet"] for name in ("startupProbe", "livenessProbe", "readinessProbe")]
    hosts = {header["value"] for probe in probes for header in probe["httpHeaders"] if header["name"] == "Host"}
    assert len([header for probe in probes for header in probe["httpHeaders"]]) == len(probes)
    assert hosts | {urlsplit(settings.public_url).hostname, "localhost"} <= set(settings.allowed_hosts)


def test_the_name_outside_is_one_that_the_control_plane_answers_to() -> None:
    manifests = deployed("production")
    ingress = named(manifests, "Ingress", "control-plane")["spec"]
    hosts = json.loads(
        environment_of(pod_of(manifests, "control-plane").containers[0], manifests)["SUPSWEEP_ALLOWED_HOSTS"]
    )
    assert {rule["host"] for rule in ingress["rules"]} == {host for tls in ingress["tls"] for host in tls["hosts"]}
    assert {rule["host"] for rule in ingress["rules"]} <= set(hosts)


def test_links_lead_where_people_reach_the_service() -> None:
    def links(overlay: str) -> tuple[str, str]:
        manifests = deployed(overlay)
        data = named(manifests, "ConfigMap", "control-plane")["data"]
        return data["SUPSWEEP_BROWSER_URL"], data["SUPSWEEP_MLFLOW_BROWSER_URL"]

    (rule,) = named(deployed("production"), "Ingress", "control-plane")["spec"]["rules"]
    assert links("try") == ("http://localhost:8000", "http://localhost:5000")
    assert links("production") == (f"https://{rule['host']}", "http://localhost:5000")


def test_the_bucket_of_production_says_its_region_for_nobody_looks_it_up() -> None:
    data = named(deployed("production"), "ConfigMap", "control-plane")["data"]
    assert Bucket.parse(data["SUPSWEEP_STORAGE"]).region


def test_a_shared_folder_is_where_all_who_use_it_have_it(settings: Settings, manifests: list[Manifest]) -> None:
    folders = [*settings.dataset_roots, *([settings.storage] if "://" not in settings.storage else [])]
    users = [pod for pod in pods_of(manifests) if pod.owner.startswith(("ray", "control-plane"))]
    for pod in users:
        claimed = {volume["name"] for volume in pod.spec["volumes"] if "persistentVolumeClaim" in volume}
        mounts = [mount["mountPath"] for mount in pod.containers[0]["volumeMounts"] if mount["name"] in claimed]
        assert all(any(Path(folder).is_relative_to(mount) for mount in mounts) for folder in folders), pod.owner


def test_a_stopping_process_has_the_time_that_it_needs(manifests: list[Manifest], control_plane: Manifest) -> None:
    from service.serve import STOP_SECONDS  # noqa: PLC0415  # loads the whole service

    pause_seconds = control_plane["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert pod_of(manifests, "control-plane").spec["terminationGracePeriodSeconds"] > STOP_SECONDS + pause_seconds
