"""`supsweep clusters`: a table of what is registered."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from fakes.scripted_service import Answer, ScriptedService
from typer.testing import Result

Supsweep = Callable[..., Result]

HEALTH = {
    "is_healthy": True,
    "since": "2026-01-01T00:00:00Z",
    "checked_at": "2026-01-01T00:00:00Z",
    "problem": None,
    "ray_version": "2.60.0",
    "nodes": 2,
    "cpus_total": 64,
    "cpus_free": 12.5,
    "gpus_total": 8,
    "gpus_free": 0,
}


def cluster(name: str, labels: dict[str, str], **health: Any) -> dict[str, Any]:
    return {
        "name": name,
        "address": f"https://{name}:8265",
        "has_token": True,
        "labels": labels,
        "verify_tls": True,
        "ca_certificate": None,
        "is_from_settings": False,
        "created_at": "2026-01-01T00:00:00Z",
        "health": HEALTH | health,
        "live_runners": 1,
        "running_trials": 2,
    }


def test_clusters_are_shown_with_their_health_and_what_is_free(supsweep: Supsweep, scripted: ScriptedService) -> None:
    items = [
        cluster("east", {"gpu": "h100", "region": "eu"}),
        cluster("new", {}, is_healthy=None, cpus_free=None, gpus_free=None),
        cluster("west", {}, is_healthy=False, problem="it does not answer"),
    ]
    scripted.answers("GET", "/v1/clusters", Answer(json.dumps({"items": items, "next_cursor": None})))
    lines = [line.rstrip() for line in supsweep("clusters").stdout.splitlines()]
    assert lines[0].split() == ["name", "address", "health", "CPUs", "free", "GPUs", "free", "labels"]
    assert lines[1].split() == ["east", "https://east:8265", "healthy", "12.5/64", "0/8", "gpu=h100,", "region=eu"]
    assert lines[2].split() == ["new", "https://new:8265", "not", "asked", "yet", "–", "–", "–"]
    assert lines[3].split()[:3] == ["west", "https://west:8265", "unhealthy:"]


def test_no_clusters_says_what_to_do(supsweep: Supsweep, scripted: ScriptedService) -> None:
    scripted.answers("GET", "/v1/clusters", Answer('{"items": [], "next_cursor": null}'))
    assert "POST /v1/clusters" in supsweep("clusters").stdout


@pytest.mark.usefixtures("service")
def test_the_real_service_tells_of_its_cluster(supsweep: Supsweep) -> None:
    result = supsweep("clusters")
    assert result.exit_code == 0
    assert "http://127.0.0.1:1" in result.stdout
