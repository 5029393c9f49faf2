"""Whole lives of sweeps, short ones: together they make the service do everything that it can do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chaos.scripted_runner import (
    Script,
    die_in_first_trial,
    do_well,
    fail_first_trial,
    lose_first_trial,
    search_well,
    train_for_ever,
    train_until_drained,
)
from chaos.world import World, wait_until
from fakes.ledger import small_spec

from search_spaces.outcomes import Outcome
from search_spaces.presets import tune_supcon
from search_spaces.presets.vary import vary
from search_spaces.sweep_spec import SweepSpec
from service.client.client import SupsweepClient
from service.lifecycle import FINISHED_STATES, SweepState

LIFE_SECONDS = 90.0


@dataclass(frozen=True)
class Life:
    """What a person does, and what the runners do."""

    live: Callable[[World], list[str]]
    """Creates sweeps and follows them to their ends. Their ids."""
    scripts: Sequence[Script] = ()
    again: Sequence[tuple[str, int]] = ()
    """What is passed in earlier lives too and means something else here, with the occurrence that does."""
    owns: Sequence[str] = ()
    """What is passed in other lives only when two things happen to coincide."""
    dies_often: bool = False
    """The service dies once at every new point within one and the same life, instead of in a life for each."""


def paired_spec() -> SweepSpec:
    """Two arms × two configurations, one trial at a time."""
    return small_spec(resources={"max_concurrent": 1})


def search_spec() -> SweepSpec:
    """Four draws, of which the median pruner ends the last ones."""
    spec = vary(tune_supcon(), pruning={"kind": "median", "startup_trials": 1, "warmup_epochs": 0})
    arms = [arm.model_dump(mode="json") | {"base": {"epochs": 2, "batch_size": 128}} for arm in spec.arms]
    return vary(spec, arms=arms, design={"configurations": 3}, resources={"max_concurrent": 1})


def follow(client: SupsweepClient, sweep_id: str, state: SweepState) -> None:
    """Waits until the sweep has ended so and MLflow shows all of it."""
    wait_until(lambda: client.get_sweep(sweep_id).state in FINISHED_STATES, LIFE_SECONDS, f"{sweep_id} to end")
    sweep = client.get_sweep(sweep_id)
    assert sweep.state is state, f"{sweep.state}: {sweep.state_reason}"
    wait_until(lambda: client.get_sweep(sweep_id).mlflow_events_behind == 0, LIFE_SECONDS, "MLflow to catch up")


def alone(live: Callable[[SupsweepClient], list[str]]) -> Callable[[World], list[str]]:
    """A life for which a client is enough."""
    return lambda world: live(world.client())


def succeed(client: SupsweepClient) -> list[str]:
    """A paired sweep that goes well, whatever its runners do."""
    sweep_id = client.create_sweep(paired_spec()).id
    follow(client, sweep_id, SweepState.SUCCEEDED)
    return [sweep_id]


def search(client: SupsweepClient) -> list[str]:
    """A search that prunes."""
    sweep_id = client.create_sweep(search_spec()).id
    follow(client, sweep_id, SweepState.SUCCEEDED)
    return [sweep_id]


def cancel(client: SupsweepClient) -> list[str]:
    """A sweep that is cancelled while a trial runs, whose runner does not listen."""
    sweep_id = client.create_sweep(paired_spec()).id
    wait_for_trial(client, sweep_id)
    client.cancel_sweep(sweep_id)
    follow(client, sweep_id, SweepState.CANCELLED)
    return [sweep_id]


def pause(client: SupsweepClient) -> list[str]:
    """A sweep that is paused while a trial runs, changed, and resumed."""
    sweep_id = client.create_sweep(paired_spec()).id
    wait_for_trial(client, sweep_id)
    client.pause_sweep(sweep_id)
    wait_until(lambda: not running_trials(client, sweep_id), LIFE_SECONDS, "the trial to come back")
    assert client.get_sweep(sweep_id).state is SweepState.PAUSED
    client.change_sweep(sweep_id, {"max_concurrent": 2})
    client.resume_sweep(sweep_id)
    follow(client, sweep_id, SweepState.SUCCEEDED)
    return [sweep_id]


def go_on(client: SupsweepClient) -> list[str]:
    """A sweep that has succeeded gets more configurations, and what failed is tried again."""
    sweep_id = client.create_sweep(paired_spec()).id
    follow(client, sweep_id, SweepState.SUCCEEDED)
    client.extend_sweep(sweep_id, configurations=3)
    wait_until(lambda: client.get_sweep(sweep_id).trials_ended == 6, LIFE_SECONDS, "the new trials")
    follow(client, sweep_id, SweepState.SUCCEEDED)
    client.retry_failed(sweep_id)
    wait_until(lambda: not outcomes(client, sweep_id) - {Outcome.COMPLETED}, LIFE_SECONDS, "the failed trial")
    follow(client, sweep_id, SweepState.SUCCEEDED)
    return [sweep_id]


def delete(client: SupsweepClient) -> list[str]:
    """A sweep that is rebuilt in MLflow, and another one that is deleted with all that it left."""
    kept, deleted = succeed(client)[0], client.create_sweep(paired_spec()).id
    follow(client, deleted, SweepState.SUCCEEDED)
    client.rebuild_mlflow_view(kept)
    client.delete_sweep(deleted, mlflow_runs=True, checkpoints=True)
    assert [sweep.id for sweep in client.list_sweeps()] == [kept]
    follow(client, kept, SweepState.SUCCEEDED)
    return [kept]


def wait_for_trial(client: SupsweepClient, sweep_id: str) -> None:
    """Returns when a trial has begun, which may be over by then: a script that trains well is quicker than we look."""
    wait_until(lambda: _begun_trials(client, sweep_id), LIFE_SECONDS, "a trial to begin")


def running_trials(client: SupsweepClient, sweep_id: str) -> int:
    """How many trials run."""
    return sum(arm.running for arm in client.get_sweep(sweep_id).arms)


def _begun_trials(client: SupsweepClient, sweep_id: str) -> int:
    """How many trials run or have ended."""
    return sum(arm.total - arm.planned for arm in client.get_sweep(sweep_id).arms)


def outcomes(client: SupsweepClient, sweep_id: str) -> set[Outcome | None]:
    """What trials have ended as; none for those that have not."""
    return {trial.outcome for trial in client.list_trials(sweep_id)}


LIVES: Mapping[str, Life] = {
    "a sweep that succeeds": Life(alone(succeed), [lose_first_trial]),
    "a driver that dies": Life(alone(succeed), [die_in_first_trial, do_well]),
    "a search that prunes": Life(alone(search), [search_well], owns=("mlflow.log_steps",)),
    "a sweep that is cancelled": Life(alone(cancel), [train_for_ever]),
    "a sweep that is paused": Life(alone(pause), [train_until_drained]),
    "a sweep that goes on": Life(alone(go_on), [fail_first_trial]),
    "a sweep that is deleted": Life(alone(delete)),
}
"""By name."""
