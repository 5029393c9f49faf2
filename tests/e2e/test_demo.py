"""From one command to a report, every part real: API, ledger, Ray Jobs, Ray Tune, trainers, MLflow."""

import json
import re

import httpx
import pytest
from fakes.machine import Machine

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.ray]


def test_demo_ends_with_a_balanced_report(machine: Machine) -> None:
    demo = machine.run("demo", "--preset", "digits_smoke", "--configurations", "3")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "Traceback" not in demo.stdout + demo.stderr
    assert len(re.findall(r"supcon \d/3", demo.stdout)) == 3
    (page,) = (machine.home / "reports").glob("digits-smoke-*.html")
    assert "<script" in page.read_text()
    assert not machine.processes()


def test_everything_can_be_seen_while_it_is_up(machine: Machine) -> None:
    machine.up()
    submitted = machine.run("submit", "digits_smoke", "--watch")
    assert submitted.returncode == 0, submitted.stdout + submitted.stderr
    client = machine.client()
    (sweep,) = client.list_sweeps()
    trials = list(client.list_trials(sweep.id))
    assert [(trial.outcome, trial.attempts) for trial in trials] == [("completed", 1)] * 4
    assert [trial.number for trial in trials] == [0, 1, 2, 3]
    report = json.loads(machine.run("report", sweep.id[:6], "--format", "json").stdout)
    assert report["schema_version"] == 1
    assert sweep.id in machine.run("ls").stdout
    assert "supcon" in machine.run("show", sweep.id).stdout


def test_mlflow_shows_a_parent_with_comparable_trials(machine: Machine) -> None:
    machine.up()
    assert machine.run("submit", "digits_smoke", "--watch").returncode == 0
    client = machine.client()
    sweep = client.get_sweep(next(client.list_sweeps()).id)
    while sweep.mlflow_events_behind:
        sweep = client.get_sweep(sweep.id)
    assert sweep.links.mlflow is not None
    server, experiment, parent = re.fullmatch(r"(.*)/#/experiments/(\d+)/runs/(\w+)", sweep.links.mlflow).groups()  # type: ignore[union-attr]
    query = {"experiment_ids": [experiment], "filter": f"tags.mlflow.parentRunId = '{parent}'"}
    found = httpx.post(f"{server}/api/2.0/mlflow/runs/search", json=query, timeout=30).json()["runs"]
    assert len(found) == 4
    for run in found:
        assert run["info"]["status"] == "FINISHED"
        parameters = {pair["key"]: pair["value"] for pair in run["data"]["params"]}
        assert {"arm", "optimizer", "learning_rate_multiplier", "batch_size"} <= parameters.keys()
        metrics = {metric["key"] for metric in run["data"]["metrics"]}
        assert {"val_top1", "device_seconds", "system/cpu_utilization_percentage"} <= metrics
        tags = {pair["key"]: pair["value"] for pair in run["data"]["tags"]}
        assert {"supsweep.job", "supsweep.packages", "supsweep.dataset_fingerprint"} <= tags.keys()
    audit = client.audit_sweep(sweep.id)
    assert (audit.disagreements, audit.not_compared) == ([], [])
