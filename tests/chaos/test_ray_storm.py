"""A trial, the driver, a node, the dashboard and the head are killed -9 one after another while MLflow is away."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from chaos.real_world import DRIVER, TRIAL, RealWorld, lasting_spec, real_world
from chaos.world import wait_until

from search_spaces.outcomes import Outcome
from search_spaces.presets.vary import vary
from service.lifecycle import FINISHED_STATES, SweepState

pytestmark = [pytest.mark.slow, pytest.mark.ray, pytest.mark.e2e, pytest.mark.timeout(1500)]

MLFLOW_AWAY_SECONDS = 300.0
RECOVERY_SECONDS = 240.0
SWEEP_SECONDS = 900.0
SHOWN_SECONDS = 240.0
"""After an outage the projector waits for a minute and a half at most before it tries again, and has much to tell."""

FAULT = "Ray: trial, driver, node, dashboard, head killed; MLflow away 5 min"


def kill_and_recover(world: RealWorld, sweep_id: str, kill: Callable[[], None]) -> None:
    """Kills while trials run, and returns when a trial has started after it."""
    wait_until(lambda: _running(world, sweep_id), RECOVERY_SECONDS, "a trial to run")
    seen = world.events(sweep_id)[-1].sequence
    kill()

    def has_started_another() -> bool:
        return any(event.kind == "trial.started" for event in world.events(sweep_id) if event.sequence > seen)

    wait_until(has_started_another, RECOVERY_SECONDS, "another trial to start")


def _running(world: RealWorld, sweep_id: str) -> int:
    return sum(arm.running for arm in world.client().get_sweep(sweep_id).arms)


def test_everything_dies_in_turn_while_mlflow_is_away() -> None:
    # A short path: a socket's may not be longer than 107 characters.
    with tempfile.TemporaryDirectory(prefix="sw", dir="/tmp") as folder, real_world(Path(folder) / "home") as world:
        cluster = world.add_cluster("local")
        world.start()
        world.add_node(cluster)
        client = world.client()
        spec = vary(lasting_spec(["local"], configurations=8), resources={"max_concurrent": 2})
        sweep_id = client.create_sweep(spec).id
        wait_until(lambda: _running(world, sweep_id), RECOVERY_SECONDS, "the first trial")
        world.kill("mlflow")
        mlflow_is_back_at = time.monotonic() + MLFLOW_AWAY_SECONDS
        with world.kept_alive("ray-local"):
            kill_and_recover(world, sweep_id, lambda: world.kill_process(TRIAL))
            kill_and_recover(world, sweep_id, lambda: world.kill_process(DRIVER))
            wait_until(lambda: world.processes(TRIAL, child="node-local"), RECOVERY_SECONDS, "a trial on the node")
            kill_and_recover(world, sweep_id, lambda: world.kill("node-local"))
            kill_and_recover(world, sweep_id, lambda: world.kill_process("dashboard/dashboard.py"))
            kill_and_recover(world, sweep_id, lambda: world.kill("ray-local"))

            def has_finished() -> bool:
                return client.get_sweep(sweep_id).state in FINISHED_STATES

            wait_until(has_finished, SWEEP_SECONDS, "the sweep to end")
            assert client.get_sweep(sweep_id).state is SweepState.SUCCEEDED, client.get_sweep(sweep_id).state_reason
            time.sleep(max(0.0, mlflow_is_back_at - time.monotonic()))
            world.launch("mlflow")
            world.wait_until_ready("mlflow")
            wait_until(lambda: not client.get_sweep(sweep_id).mlflow_events_behind, SHOWN_SECONDS, "MLflow")
            evidence = world.check(FAULT, sweep_id)
    assert {trial.outcome for trial in evidence.trials} == {Outcome.COMPLETED}
    assert sum(trial.attempts for trial in evidence.trials) > len(evidence.trials), "nothing was hit"
