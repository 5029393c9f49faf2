"""A sweep whose trials train on two workers each, every component real."""

import pytest
from fakes.machine import Machine

from search_spaces.presets import digits_smoke
from search_spaces.presets.vary import vary

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.ray]


def test_sweep_with_two_workers_per_trial_succeeds(machine: Machine) -> None:
    machine.up()
    client = machine.client()
    spec = vary(digits_smoke(), resources={"workers": 2})
    sweep = client.create_sweep(spec)
    assert machine.run("watch", sweep.id).returncode == 0
    trials = list(client.list_trials(sweep.id))
    assert [(trial.outcome, trial.attempts) for trial in trials] == [("completed", 1)] * 4
    assert all(trial.device_seconds > 0 for trial in trials)
