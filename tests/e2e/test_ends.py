"""A `supsweep up` that is killed -9: nothing is left running, nothing is lost."""

import pytest
from fakes.machine import Machine, wait_until

from search_spaces.outcomes import Outcome
from search_spaces.presets import digits_smoke
from search_spaces.presets.vary import vary
from search_spaces.sweep_spec import SweepSpec
from service.client.client import SupsweepClient
from service.lifecycle import SweepState

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.ray, pytest.mark.timeout(900)]


def lasting_spec() -> SweepSpec:
    """Four trials of several seconds each, so that a kill hits running ones."""
    spec = digits_smoke()
    arms = [arm.model_copy(update={"base": {"epochs": 20, "batch_size": 64}}) for arm in spec.arms]
    shared = {"learning_rate_multiplier": spec.shared["learning_rate_multiplier"].model_dump()}
    document = spec.model_dump(mode="json") | {"arms": [arm.model_dump(mode="json") for arm in arms], "shared": shared}
    return vary(SweepSpec.model_validate(document), design={"configurations": 2})


def wait_for_running_trials(client: SupsweepClient, sweep_id: str, *, ended: int) -> None:
    def some_run() -> bool:
        sweep = client.get_sweep(sweep_id)
        return sweep.trials_ended >= ended and any(arm.running for arm in sweep.arms)

    wait_until(some_run, 300, f"running trials after {ended} have ended")


def test_sweep_goes_on_after_everything_was_killed_at_once(machine: Machine) -> None:
    machine.up()
    sweep_id = machine.client().create_sweep(lasting_spec()).id
    wait_for_running_trials(machine.client(), sweep_id, ended=1)
    machine.kill_up()
    machine.up()
    client = machine.client()
    wait_until(lambda: client.get_sweep(sweep_id).state is SweepState.SUCCEEDED, 400, "the sweep to succeed")
    trials = list(client.list_trials(sweep_id))
    assert [(trial.number, trial.outcome) for trial in trials] == [(number, Outcome.COMPLETED) for number in range(4)]
    assert sum(trial.attempts for trial in trials) > 4
