"""What can be proven of docker-compose.yml without a container engine."""

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from deploy.compose_file import ROOT, services, text, variables, with_defaults

from service.settings import ClusterSettings, Settings

ONE_SHOT = {"migrations", "register-cluster-2"}
SERVICES = sorted(services())
OF_THE_CLIENT = {"SUPSWEEP_URL", "SUPSWEEP_CLUSTER_TOKEN"}
"""What the command reads, not the service."""


def test_it_keeps_to_the_compose_specification() -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    command = [checker, "--builtin-schema", "vendor.compose-spec", ROOT / "docker-compose.yml"]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_has_bounds(name: str) -> None:
    """Of memory, CPUs, logs and rights."""
    service = services()[name]
    limits = service["deploy"]["resources"]["limits"]
    assert limits["memory"]
    assert limits["cpus"]
    assert service["logging"]["options"]["max-size"]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_comes_back_unless_it_is_to_run_once(name: str) -> None:
    assert services()[name]["restart"] == ("no" if name in ONE_SHOT else "unless-stopped")


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in ONE_SHOT])
def test_a_service_that_stays_tells_how_it_is(name: str) -> None:
    """By a check of its own, or that of its image."""
    service = services()[name]
    is_healthy_by_image = "build" in service and "HEALTHCHECK" in (ROOT / service["build"]["dockerfile"]).read_text()
    assert "healthcheck" in service or is_healthy_by_image


@pytest.mark.parametrize("name", [name for name in SERVICES if "ports" in services()[name]])
def test_a_port_is_open_to_this_machine_alone(name: str) -> None:
    assert [port for port in services()[name]["ports"] if not with_defaults(port).startswith("127.0.0.1:")] == []


@pytest.mark.parametrize("name", SERVICES)
def test_what_runs_is_a_version_and_not_the_latest(name: str) -> None:
    image = with_defaults(services()[name]["image"])
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    tag = image.rpartition(":")[2]
    assert tag == version if image.startswith("supsweep/") else tag not in ("", "latest")


@pytest.mark.parametrize("name", SERVICES)
def test_nobody_waits_for_a_service_of_another_profile(name: str) -> None:
    """Compose would refuse the whole file."""
    own = set(services()[name].get("profiles", []))
    for other in services()[name].get("depends_on", {}):
        assert set(services()[other].get("profiles", [])) <= own


def test_up_waits_for_the_end_of_what_runs_once() -> None:
    """`up --wait` takes its end for a failure otherwise: https://github.com/docker/compose/issues/10596."""
    waited_for = {
        other
        for service in services().values()
        for other, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_completed_successfully"
    }
    assert waited_for == ONE_SHOT


def test_every_setting_of_the_service_is_one() -> None:
    known = {f"SUPSWEEP_{field}".upper() for field in Settings.model_fields}
    told = {
        name
        for service in services().values()
        for name in service.get("environment", {})
        if name.startswith("SUPSWEEP_") and "DATABASE_PASSWORD" not in name
    }
    assert told - known == OF_THE_CLIENT & told


def test_the_api_can_read_what_it_is_told() -> None:
    environment = services()["api"]["environment"]
    clusters = json.loads(with_defaults(environment["SUPSWEEP_CLUSTERS"]))
    assert ClusterSettings(**clusters["local"]).address == "http://ray-head:8265"
    assert "api" in json.loads(with_defaults(environment["SUPSWEEP_ALLOWED_HOSTS"]))
    assert environment["SUPSWEEP_PUBLIC_URL"] == "http://api:8000"


def test_trials_reach_no_database() -> None:
    """Who is on both networks is the API alone; who trains holds no password of a database."""
    on_both = {name for name, service in services().items() if {"clusters", "databases"} <= set(service["networks"])}
    assert on_both == {"api"}
    of_ray = [service for name, service in services().items() if name.startswith("ray-")]
    assert len(of_ray) == 5
    for service in of_ray:
        assert "DATABASE" not in json.dumps(service["environment"])


def test_every_node_and_the_service_hold_one_token() -> None:
    assert "${RAY_AUTH_TOKEN}" in services()["api"]["environment"]["SUPSWEEP_CLUSTERS"]
    for name, service in services().items():
        if name.startswith("ray-"):
            assert "RAY_AUTH_TOKEN" in service["environment"]


def test_a_missing_secret_says_how_to_make_it() -> None:
    required = {variable.name: variable.sentence for variable in variables(text()) if variable.sentence}
    assert set(required.values()) == {"run sh deploy/compose/new-env.sh first"}
    without_default = {variable.name for variable in variables(text()) if variable.default is None}
    assert without_default == set(required)


def test_everything_that_can_be_set_is_described() -> None:
    page = (ROOT / "docs/compose.md").read_text()
    told = {variable.name for variable in variables(text()) if variable.default is not None}
    assert {name for name in told if f"`{name}`" not in page} == set()
