"""The clock of the service jumps while trials run: forwards, backwards, and with a driver that dies in between."""

import time
from pathlib import Path

import pytest
from chaos.checks import check_world
from chaos.lives import follow, paired_spec, wait_for_trial
from chaos.scripted_runner import EPOCH_DEVICE_SECONDS, Script, ScriptedRunner, die_in_first_trial, train_well
from chaos.world import CLOCK_SPEED, HEARTBEAT_SECONDS, LEASE_SECONDS, small_world
from chaos.zygote import Zygote

from search_spaces.presets.vary import vary
from service.lifecycle import SweepState

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

HOUR_SECONDS = 3600.0


def train_slowly(runner: ScriptedRunner) -> None:
    """Holds its first trial for a while, heard all the time."""
    runner.start()
    offer = runner.take()
    assert offer is not None
    runner.step(offer, 1)
    time.sleep(2 * LEASE_SECONDS / CLOCK_SPEED)
    runner.step(offer, 2)
    runner.complete(offer)
    runner.work(train_well)


@pytest.mark.parametrize("hours", [1, -1])
@pytest.mark.parametrize("script", [train_slowly, die_in_first_trial])
def test_clock_jumps(hours: int, script: Script, zygote: Zygote, tmp_path: Path) -> None:
    with small_world(tmp_path, zygote, [script]) as world:
        world.add_service().start()
        client = world.client()
        # A sweep may last longer than the jump: its wall clock is the one that jumps.
        sweep_id = client.create_sweep(vary(paired_spec(), budget={"wall_clock": "8h"})).id
        wait_for_trial(client, sweep_id)
        world.turn_clock(hours * HOUR_SECONDS)
        follow(client, sweep_id, SweepState.SUCCEEDED)
        driver = "" if script is train_slowly else ", a driver dies"
        (evidence,) = check_world(world, [sweep_id], f"clock jumps {hours:+d} h{driver}")
    wrongly_fenced = sum(trial.attempts - 1 for trial in evidence.trials) - (script is die_in_first_trial)
    assert wrongly_fenced <= 0, "a runner that was heard was fenced"
    trained_seconds = sum(trial.config.epochs * EPOCH_DEVICE_SECONDS for trial in evidence.trials)
    most_seconds = trained_seconds + (script is die_in_first_trial) * (LEASE_SECONDS + 2 * HEARTBEAT_SECONDS)
    assert sum(trial.device_seconds for trial in evidence.trials) <= most_seconds
