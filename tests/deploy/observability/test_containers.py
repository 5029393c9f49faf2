"""The files of deploy/observability and docker-compose.yml fit each other."""

import configparser
import json
from pathlib import Path
from typing import Any

import yaml
from deploy.compose_file import ROOT, services
from fakes.dashboards import FOLDER


def test_prometheus_looks_for_every_container_that_has_metrics() -> None:
    assert _names("supsweep") == {"api"}
    assert _names("ray") == {name for name, service in services().items() if "ray-node" in service.get("command", [])}


def test_prometheus_knows_clusters_by_the_names_of_the_service() -> None:
    registered = services()["register-cluster-2"]["command"]
    replacements = {one["replacement"] for one in _job("ray")["relabel_configs"]}
    configured = set(json.loads(services()["api"]["environment"]["SUPSWEEP_CLUSTERS"]))
    assert replacements - configured <= set(registered)
    assert configured < replacements


def test_prometheus_shares_a_network_with_whatever_it_asks() -> None:
    for name in (*_names("supsweep"), *_names("ray"), "grafana"):
        assert not set(services()["prometheus"]["networks"]).isdisjoint(services()[name]["networks"]), name


def test_what_is_mounted_is_where_each_looks_for_it() -> None:
    assert _inside("prometheus", FOLDER / "prometheus.yml") == "/etc/prometheus/prometheus.yml"
    assert _inside("prometheus", FOLDER / "rules.yml") == "/etc/prometheus/rules.yml"
    provider = yaml.safe_load((FOLDER / "grafana/provisioning/dashboards/supsweep.yml").read_text())["providers"][0]
    home = _grafana()["dashboards"]["default_home_dashboard_path"]
    assert (
        _inside("grafana", FOLDER / "grafana" / "dashboards") == provider["options"]["path"] == str(Path(home).parent)
    )
    assert (FOLDER / "grafana" / "dashboards" / Path(home).name).exists()
    assert _inside("grafana", FOLDER / "grafana" / "provisioning") == "/etc/grafana/provisioning"
    assert _inside("grafana", FOLDER / "grafana" / "grafana.ini") == "/etc/grafana/grafana.ini"


def test_secrets_are_files_of_the_names_that_are_read() -> None:
    assert _job("supsweep")["authorization"]["credentials_file"] == f"/run/secrets/{_secret('prometheus')}"
    assert _grafana()["security"]["admin_password"] == f"$__file{{/run/secrets/{_secret('grafana')}}}"


def test_grafana_shows_nothing_to_whoever_has_no_password() -> None:
    assert _grafana()["auth.anonymous"]["enabled"] == "false"
    assert _grafana()["users"]["allow_sign_up"] == "false"


def _job(name: str) -> dict[str, Any]:
    jobs: list[dict[str, Any]] = yaml.safe_load((FOLDER / "prometheus.yml").read_text())["scrape_configs"]
    (job,) = [job for job in jobs if job["job_name"] == name]
    return job


def _names(job: str) -> set[str]:
    return {name for found in _job(job)["dns_sd_configs"] for name in found["names"]}


def _grafana() -> configparser.ConfigParser:
    settings = configparser.ConfigParser(interpolation=None)
    settings.read(FOLDER / "grafana" / "grafana.ini")
    return settings


def _inside(service: str, path: Path) -> str:
    """Where the container has it."""
    (place,) = [
        inside
        for outside, inside, *_ in (volume.split(":") for volume in services()[service]["volumes"])
        if (ROOT / outside).resolve() == path
    ]
    return place


def _secret(service: str) -> str:
    (secret,) = services()[service]["secrets"]
    return secret if isinstance(secret, str) else secret["source"]
