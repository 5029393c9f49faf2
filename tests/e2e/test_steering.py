"""A sweep is paused, resumed and extended while its trials really train."""

import pytest
from fakes.machine import Machine, wait_until

from search_spaces.presets import digits_smoke
from search_spaces.presets.vary import vary
from search_spaces.sweep_spec import SweepSpec
from service.client.client import SupsweepClient
from service.lifecycle import RunnerState, SweepState, TrialState

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.ray, pytest.mark.timeout(900)]


def lasting_spec() -> SweepSpec:
    """Two trials of several seconds each."""
    document = digits_smoke().model_dump(mode="json")
    for arm in document["arms"]:
        arm["base"] = {"epochs": 20, "batch_size": 64}
    document["shared"] = {"learning_rate_multiplier": document["shared"]["learning_rate_multiplier"]}
    return vary(SweepSpec.model_validate(document), design={"configurations": 1})


def succeed(client: SupsweepClient, sweep_id: str) -> None:
    wait_until(lambda: client.get_sweep(sweep_id).state is SweepState.SUCCEEDED, 250, "the sweep to succeed")


def test_paused_sweep_goes_on_from_its_checkpoints_and_grows(machine: Machine) -> None:
    machine.up()
    client = machine.client()
    sweep_id = client.create_sweep(lasting_spec()).id
    wait_until(lambda: any(trial.checkpoint for trial in client.list_trials(sweep_id)), 120, "a checkpoint")
    client.pause_sweep(sweep_id)
    wait_until(lambda: not machine.processes("trainers.runner"), 60, "the runner to end by itself")
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
