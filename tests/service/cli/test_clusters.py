"""`supsweep clusters`: a table of what is registered; clusters are registered, checked, drained and removed."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from fakes.scripted_service import Answer, ScriptedService
from typer.testing import Result

from service.cli import cluster_changes
from service.client.client import SupsweepClient

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
TOKEN = "do-not-tell-0123456789"


def cluster(name: str, labels: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    health = HEALTH | {field: changes.pop(field) for field in HEALTH if field in changes}
    return {
        "name": name,
        "address": f"https://{name}:8265",
        "has_token": True,
        "labels": labels or {},
        "verify_tls": True,
        "ca_certificate": None,
        "is_from_settings": False,
        "is_draining": False,
        "created_at": "2026-01-01T00:00:00Z",
        "health": health,
        "live_runners": 1,
        "running_trials": 2,
        "open_jobs": 1,
    } | changes


def answer(name: str, **changes: Any) -> Answer:
    return Answer(json.dumps(cluster(name, **changes)))


@pytest.fixture
def removed(client: SupsweepClient) -> Iterator[None]:
    """Nobody else meets the cluster `east` of this test."""
    yield
    client.delete_cluster("east")


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster_changes, "POLL_SECONDS", 0.01)


@pytest.mark.parametrize("words", [("clusters",), ("clusters", "ls")])
def test_clusters_are_shown_with_their_health_and_what_is_free(
    supsweep: Supsweep, scripted: ScriptedService, words: tuple[str, ...]
) -> None:
    items = [
        cluster("east", {"gpu": "h100", "region": "eu"}),
        cluster("new", is_healthy=None, cpus_free=None, gpus_free=None, running_trials=0),
        cluster("north", is_draining=True),
        cluster("south", is_draining=True, open_jobs=0, running_trials=0),
        cluster("west", is_healthy=False, problem="it does not answer"),
    ]
    scripted.answers("GET", "/v1/clusters", Answer(json.dumps({"items": items, "next_cursor": None})))
    lines = [line.split() for line in supsweep(*words).stdout.splitlines()]
    assert lines[0] == ["name", "address", "health", "CPUs", "free", "GPUs", "free", "trials", "labels"]
    assert lines[1] == ["east", "https://east:8265", "healthy", "12.5/64", "0/8", "2", "gpu=h100,", "region=eu"]
    assert lines[2] == ["new", "https://new:8265", "not", "asked", "yet", "–", "–", "0", "–"]
    assert lines[3] == ["north", "https://north:8265", "draining,", "healthy", "12.5/64", "0/8", "2", "–"]
    assert lines[4] == ["south", "https://south:8265", "drained,", "healthy", "12.5/64", "0/8", "0", "–"]
    assert lines[5][:3] == ["west", "https://west:8265", "unhealthy:"]


def test_no_clusters_says_what_to_do(supsweep: Supsweep, scripted: ScriptedService) -> None:
    scripted.answers("GET", "/v1/clusters", Answer('{"items": [], "next_cursor": null}'))
    assert "supsweep clusters add NAME ADDRESS" in supsweep("clusters").stdout


@pytest.mark.usefixtures("service")
def test_the_real_service_tells_of_its_cluster(supsweep: Supsweep) -> None:
    result = supsweep("clusters")
    assert result.exit_code == 0
    assert "http://127.0.0.1:1" in result.stdout


def test_a_service_that_is_not_there_is_a_sentence(supsweep: Supsweep) -> None:
    for words in (("clusters",), ("clusters", "ls")):
        result = supsweep(*words)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("supsweep: no service runs on ")


@pytest.mark.usefixtures("removed")
def test_a_cluster_is_registered_once_and_changed_by_the_same_word(
    supsweep: Supsweep, client: SupsweepClient, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    pem = trustme.CA().cert_pem.bytes().decode()
    (tmp_path / "ca.pem").write_text(pem)
    east = ("clusters", "add", "east", "http://127.0.0.1:1/")
    first = supsweep(*east, "--token-file", tmp_path / "token", "--label", "gpu=h100", "--label", "region=eu")
    assert (first.exit_code, first.output) == (0, "cluster east is registered at http://127.0.0.1:1\n")
    made = client.get_cluster("east")
    assert (made.has_token, made.labels, made.verify_tls) == (True, {"gpu": "h100", "region": "eu"}, True)
    again = supsweep(*east, "--label", "gpu=h100", "--label", "region=eu")
    assert (again.exit_code, again.output) == (0, "cluster east was registered before, just so\n")
    changed = supsweep(*east, "--ca-certificate", tmp_path / "ca.pem", "--no-verify-tls")
    assert changed.output == "cluster east was registered before, and is changed: labels, verify_tls, ca_certificate\n"
    now = client.get_cluster("east")
    assert (now.has_token, now.labels, now.verify_tls, now.ca_certificate) == (True, {}, False, pem)


@pytest.mark.usefixtures("removed")
def test_a_token_comes_from_the_environment_and_is_shown_nowhere(
    supsweep: Supsweep, client: SupsweepClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPSWEEP_CLUSTER_TOKEN", TOKEN)
    results = [supsweep("clusters", "add", "east", "http://127.0.0.1:1") for _ in range(2)]
    assert client.get_cluster("east").has_token
    assert results[1].output == "cluster east was registered before, and is changed: token\n"
    monkeypatch.setenv("SUPSWEEP_CLUSTER_TOKEN", f"{TOKEN} with spaces")
    results.append(supsweep("clusters", "add", "east", "http://127.0.0.1:1"))
    assert results[2].exit_code == 1
    assert "RAY_AUTH_TOKEN" in results[2].stderr
    assert all(TOKEN not in result.output for result in results)


@pytest.mark.usefixtures("removed")
def test_a_name_is_not_given_to_another_address(supsweep: Supsweep, client: SupsweepClient) -> None:
    supsweep("clusters", "add", "east", "http://127.0.0.1:1")
    result = supsweep("clusters", "add", "east", "http://127.0.0.1:2")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cluster east is registered at http://127.0.0.1:1 and not at http://127.0.0.1:2" in result.stderr
    assert client.get_cluster("east").address == "http://127.0.0.1:1"


@pytest.mark.usefixtures("removed")
def test_a_cluster_that_does_not_become_healthy_in_time_is_a_failure_with_the_problem(supsweep: Supsweep) -> None:
    result = supsweep("clusters", "add", "east", "http://127.0.0.1:1", "--wait", "0")
    assert result.exit_code == 1
    assert result.stdout == "cluster east is registered at http://127.0.0.1:1\n"
    assert result.stderr.startswith("supsweep: cluster east is not healthy after 0 s: ")


def test_a_cluster_that_becomes_healthy_in_time_is_waited_for(supsweep: Supsweep, scripted: ScriptedService) -> None:
    scripted.answers("POST", "/v1/clusters", Answer(json.dumps(cluster("east")), 201))
    starting = answer("east", is_healthy=False, problem="connection refused")
    scripted.answers("POST", "/v1/clusters/east/check", starting, starting, answer("east"))
    result = supsweep("clusters", "add", "east", "https://east:8265", "--wait", "60s")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "cluster east is registered at https://east:8265",
        "cluster east is healthy: Ray 2.60.0, 2 nodes, CPUs free 12.5/64, GPUs free 0/8",
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--label", "gpu"), "--label cannot be 'gpu'; accepted: KEY=VALUE, such as gpu=h100"),
        (("--token-file", "nowhere"), "nowhere cannot be read: No such file or directory"),
        (("--token-file", "empty"), "empty is empty; accepted: a file with a token"),
        (("--ca-certificate", "bytes"), "bytes cannot be read: it is not text"),
        (("--wait", "soon"), "a time cannot be 'soon'; accepted: such as 90s, 30m, 2h or 1d"),
    ],
)
def test_what_cannot_be_is_a_sentence_before_anything_is_asked(
    supsweep: Supsweep,
    scripted: ScriptedService,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("empty").touch()
    Path("bytes").write_bytes(b"\xff\xfe")
    result = supsweep("clusters", "add", "east", "http://127.0.0.1:1", *words)
    assert (result.exit_code, result.stderr) == (1, f"supsweep: {sentence}\n")
    assert scripted.requests == []


def test_the_real_cluster_is_checked_drained_and_opened_again(supsweep: Supsweep, client: SupsweepClient) -> None:
    checked = supsweep("clusters", "check", "local")
    assert checked.stdout == "cluster local is healthy: Ray 2.60.0, 1 node, CPUs free 3/4, GPUs free 0.5/1\n"
    try:
        drained = supsweep("clusters", "drain", "local", "--wait", "60")
        assert drained.stdout == "cluster local gets no more runners; nothing of this service runs there\n"
        assert client.get_cluster("local").is_draining
        assert "drained, healthy" in supsweep("clusters").stdout
    finally:
        resumed = supsweep("clusters", "resume", "local")
    assert resumed.stdout == "cluster local gets runners again\n"
    assert not client.get_cluster("local").is_draining


def test_unhealthy_cluster_makes_a_check_fail(supsweep: Supsweep, scripted: ScriptedService) -> None:
    scripted.answers("POST", "/v1/clusters/east/check", answer("east", is_healthy=False, problem="403 Forbidden"))
    result = supsweep("clusters", "check", "east")
    assert (result.exit_code, result.stderr) == (1, "supsweep: cluster east is unhealthy: 403 Forbidden\n")


def test_draining_is_waited_for(supsweep: Supsweep, scripted: ScriptedService) -> None:
    scripted.answers("PATCH", "/v1/clusters/east", answer("east", is_draining=True))
    last = answer("east", is_draining=True, open_jobs=1, running_trials=0)
    empty = answer("east", is_draining=True, open_jobs=0, running_trials=0)
    scripted.answers("GET", "/v1/clusters/east", last, last, empty)
    result = supsweep("clusters", "drain", "east", "--wait", "30m")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "cluster east gets no more runners; 2 trials in 1 job still there",
        "cluster east is drained; nothing of this service runs there",
    ]
    (asked,) = scripted.requests_of("PATCH", "/v1/clusters/east")
    assert json.loads(asked.body) == {"is_draining": True}


def test_draining_that_takes_longer_goes_on_without_the_command(supsweep: Supsweep, scripted: ScriptedService) -> None:
    for method in ("PATCH", "GET"):
        scripted.answers(method, "/v1/clusters/east", answer("east", is_draining=True, open_jobs=3))
    result = supsweep("clusters", "drain", "east", "--wait", "0s")
    assert result.exit_code == 1
    assert result.stderr == (
        "supsweep: cluster east is not empty after 0 s: 2 trials in 3 jobs still there; it drains on\n"
    )


@pytest.mark.parametrize("words", [("rm", "local"), ("add", "local", "http://127.0.0.1:1", "--label", "a=b")])
@pytest.mark.usefixtures("service")
def test_cluster_of_the_settings_is_refused_with_a_sentence(supsweep: Supsweep, words: tuple[str, ...]) -> None:
    result = supsweep("clusters", *words)
    assert result.exit_code == 1
    assert "cluster 'local' is what SUPSWEEP_CLUSTERS says at every start" in result.stderr


def test_a_cluster_is_removed(supsweep: Supsweep, client: SupsweepClient) -> None:
    client.create_cluster("east", "http://127.0.0.1:1")
    assert supsweep("clusters", "rm", "east").stdout == "cluster east is removed\n"
    again = supsweep("clusters", "rm", "east")
    assert (again.exit_code, again.stderr) == (1, "supsweep: no cluster 'east'\n")
