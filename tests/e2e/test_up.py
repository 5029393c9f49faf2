"""All that may happen on one `supsweep up`, every part real: sweeps are seen, cancelled, paused, and train in pairs."""

import json
import re
from collections.abc import Iterator

import httpx
import pytest
from fakes.machine import Machine, new_machine, wait_until

from search_spaces.outcomes import Outcome
from search_spaces.presets import digits_smoke
from search_spaces.presets.vary import vary
from search_spaces.sweep_spec import SweepSpec
from service.client.client import SupsweepClient
from service.lifecycle import RunnerState, SweepState, TrialState

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.ray, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def up() -> Iterator[Machine]:
    """A machine that is up, of which no test here ends anything: to start it takes longer than a sweep."""
    with new_machine() as machine:
        machine.up()
        yield machine


@pytest.fixture(scope="module")
def sweep_id(up: Machine) -> str:
    """The demo's sweep, submitted and watched to its end by the command."""
    submitted = up.run("submit", "digits_smoke", "--watch")
    assert submitted.returncode == 0, submitted.stdout + submitted.stderr
    (sweep,) = (one for one in up.client().list_sweeps() if one.id in submitted.stdout)
    return sweep.id


def test_everything_can_be_seen_while_it_is_up(up: Machine, sweep_id: str) -> None:
    trials = list(up.client().list_trials(sweep_id))
    assert [(trial.outcome, trial.attempts) for trial in trials] == [("completed", 1)] * 4
    assert [trial.number for trial in trials] == [0, 1, 2, 3]
    report = json.loads(up.run("report", sweep_id[:6], "--format", "json").stdout)
    assert report["schema_version"] == 1
    assert sweep_id in up.run("ls").stdout
    assert "supcon" in up.run("show", sweep_id).stdout


def test_mlflow_shows_a_parent_with_comparable_trials(up: Machine, sweep_id: str) -> None:
    client = up.client()
    wait_until(lambda: not client.get_sweep(sweep_id).mlflow_events_behind, 300, "MLflow to catch up")
    sweep = client.get_sweep(sweep_id)
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


def lasting_spec(configurations: int) -> SweepSpec:
    """Trials of several seconds each."""
    document = digits_smoke().model_dump(mode="json")
    for arm in document["arms"]:
        arm["base"] = {"epochs": 20, "batch_size": 64}
    document["shared"] = {"learning_rate_multiplier": document["shared"]["learning_rate_multiplier"]}
    return vary(SweepSpec.model_validate(document), design={"configurations": configurations})


def test_cancelled_sweep_leaves_nothing_running(up: Machine) -> None:
    client = up.client()
    sweep_id = client.create_sweep(lasting_spec(configurations=8)).id
    wait_until(lambda: any(arm.running for arm in client.get_sweep(sweep_id).arms), 300, "a trial to run")
    assert up.run("cancel", sweep_id).returncode == 0
    wait_until(lambda: client.get_sweep(sweep_id).state is SweepState.CANCELLED, 120, "the cancellation")
    assert not up.processes("trainers.runner")
    wait_until(lambda: not up.processes("ray::ImplicitFunc"), 60, "the trials to be gone")
    assert {trial.outcome for trial in client.list_trials(sweep_id)} <= {Outcome.CANCELLED, Outcome.COMPLETED}


def succeed(client: SupsweepClient, sweep_id: str) -> None:
    wait_until(lambda: client.get_sweep(sweep_id).state is SweepState.SUCCEEDED, 250, "the sweep to succeed")


def test_paused_sweep_goes_on_from_its_checkpoints_and_grows(up: Machine) -> None:
    client = up.client()
    sweep_id = client.create_sweep(lasting_spec(configurations=1)).id
    wait_until(lambda: any(trial.checkpoint for trial in client.list_trials(sweep_id)), 300, "a checkpoint")
    client.pause_sweep(sweep_id)
    wait_until(lambda: not up.processes("trainers.runner"), 120, "the runner to end by itself")
    sweep = client.get_sweep(sweep_id)
    assert sweep.state is SweepState.PAUSED
    assert [runner.state for runner in sweep.runners] == [RunnerState.FINISHED], "it was not fenced"
    drained = [trial for trial in client.list_trials(sweep_id) if trial.state is TrialState.PLANNED]
    assert drained, "nothing was left to resume: the trials are too short for this test"
    client.resume_sweep(sweep_id)
    succeed(client, sweep_id)
    events = list(client.events(sweep_id))
    resumed = [trial for trial in client.list_trials(sweep_id) if trial.attempts == 2]
    assert {trial.number for trial in resumed} == {trial.number for trial in drained if trial.attempts == 1}
    for trial in resumed:
        steps = [e.data["step"] for e in events if e.kind == "trial.step" and e.data["number"] == trial.number]
        assert steps == list(range(1, 1 + max(steps))), "an epoch was counted twice or left out"
    client.extend_sweep(sweep_id, configurations=2)
    succeed(client, sweep_id)
    assert [trial.outcome for trial in client.list_trials(sweep_id)] == ["completed"] * 4


def test_sweep_with_two_workers_per_trial_succeeds(up: Machine) -> None:
    client = up.client()
    spec = vary(digits_smoke(), resources={"workers": 2})
    sweep = client.create_sweep(spec)
    assert up.run("watch", sweep.id).returncode == 0
    trials = list(client.list_trials(sweep.id))
    assert [(trial.outcome, trial.attempts) for trial in trials] == [("completed", 1)] * 4
    assert all(trial.device_seconds > 0 for trial in trials)
