"""kill -9 of the API, the Ray driver, a trial and `supsweep up` itself: every trial is counted once all the same."""

import pytest
from fakes.machine import Machine, wait_until

from search_spaces.outcomes import Outcome
from search_spaces.presets import digits_smoke
from search_spaces.presets.vary import vary
from search_spaces.sweep_spec import SweepSpec
from service.client.client import SupsweepClient
from service.lifecycle import SweepState, TrialState

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.ray, pytest.mark.timeout(420)]


def lasting_spec() -> SweepSpec:
    """Eight trials of several seconds each, so that a kill hits running ones."""
    spec = digits_smoke()
    arms = [arm.model_copy(update={"base": {"epochs": 20, "batch_size": 64}}) for arm in spec.arms]
    shared = {"learning_rate_multiplier": spec.shared["learning_rate_multiplier"].model_dump()}
    document = spec.model_dump(mode="json") | {"arms": [arm.model_dump(mode="json") for arm in arms], "shared": shared}
    return vary(SweepSpec.model_validate(document), design={"configurations": 4})


def wait_for_running_trials(client: SupsweepClient, sweep_id: str, *, ended: int) -> None:
    def some_run() -> bool:
        sweep = client.get_sweep(sweep_id)
        return sweep.trials_ended >= ended and any(arm.running for arm in sweep.arms)

    wait_until(some_run, 120, f"running trials after {ended} have ended")


def assert_every_trial_counted_once(client: SupsweepClient, sweep_id: str) -> None:
    trials = list(client.list_trials(sweep_id))
    assert [trial.number for trial in trials] == list(range(8))
    assert {trial.outcome for trial in trials} == {Outcome.COMPLETED}
    assert {trial.state for trial in trials} == {TrialState.ENDED}
    events = list(client.events(sweep_id))
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    ended = sorted(event.data["number"] for event in events if event.kind == "trial.ended")
    assert ended == list(range(8))
    steps = [(event.data["number"], event.data["step"]) for event in events if event.kind == "trial.step"]
    assert len(steps) == len(set(steps))


def test_sweep_survives_the_death_of_api_driver_trial_and_of_everything(machine: Machine) -> None:
    machine.up()
    client = machine.client()
    sweep_id = client.create_sweep(lasting_spec()).id
    wait_for_running_trials(client, sweep_id, ended=0)
    machine.kill("service.main:create_app")
    wait_for_running_trials(client, sweep_id, ended=1)
    machine.kill("trainers.runner")
    assert any(event.kind == "runner.fenced" for event in client.events(sweep_id)), "its death was not noticed"
    wait_for_running_trials(client, sweep_id, ended=2)
    machine.kill("ray::ImplicitFunc")
    wait_for_running_trials(client, sweep_id, ended=3)
    machine.kill_up()
    machine.up()
    client = machine.client()

    def is_over() -> bool:
        return client.get_sweep(sweep_id).state is SweepState.SUCCEEDED

    wait_until(is_over, 200, "the sweep to succeed")
    assert_every_trial_counted_once(client, sweep_id)
    assert sum(trial.attempts for trial in client.list_trials(sweep_id)) > 8
    wait_until(lambda: not machine.processes("trainers.runner"), 30, "the last runner to be gone")


def test_cancelled_sweep_leaves_nothing_running(machine: Machine) -> None:
    machine.up()
    client = machine.client()
    sweep_id = client.create_sweep(lasting_spec()).id
    wait_for_running_trials(client, sweep_id, ended=0)
    assert machine.run("cancel", sweep_id).returncode == 0
    wait_until(lambda: client.get_sweep(sweep_id).state is SweepState.CANCELLED, 60, "the cancellation")
    assert not machine.processes("trainers.runner")
    wait_until(lambda: not machine.processes("ray::ImplicitFunc"), 30, "the trials to be gone")
    assert {trial.outcome for trial in client.list_trials(sweep_id)} <= {Outcome.CANCELLED, Outcome.COMPLETED}
