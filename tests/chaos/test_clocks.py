"""The clock of the service jumps while trials run: forwards, backwards, and with a driver that dies in between."""

import time
from functools import partial
from pathlib import Path

import pytest
from chaos.checks import check_world
from chaos.evidence import Evidence
from chaos.lives import follow, paired_spec, wait_for_trial
from chaos.networks import TimedNetwork
from chaos.scripted_runner import EPOCH_DEVICE_SECONDS, Script, ScriptedRunner, die_in_first_trial, train_well
from chaos.world import CLOCK_SPEED, HEARTBEAT_SECONDS, LEASE_SECONDS, small_world
from chaos.zygote import Zygote

from search_spaces.presets.vary import vary
from service.lifecycle import SweepState

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

HOUR_SECONDS = 3600.0
TRIES = 5
"""On a machine that is too busy to let a runner be heard, nothing is seen."""


def train_slowly(network: TimedNetwork, runner: ScriptedRunner) -> None:
    """Holds its first trial for a while, heard all the time."""
    runner.transport = network
    runner.start()
    offer = runner.take()
    assert offer is not None
    runner.step(offer, 1)
    time.sleep(2 * LEASE_SECONDS / CLOCK_SPEED)
    runner.step(offer, 2)
    runner.complete(offer)
    runner.work(train_well)


def play(folder: Path, zygote: Zygote, script: Script, hours: int, fault: str) -> Evidence:
    """A sweep during whose first trial the clock jumps."""
    with small_world(folder, zygote, [script]) as world:
        world.add_service().start()
        client = world.client()
        # A sweep may last longer than the jump: its wall clock is the one that jumps.
        sweep_id = client.create_sweep(vary(paired_spec(), budget={"wall_clock": "8h"})).id
        wait_for_trial(client, sweep_id)
        world.turn_clock(hours * HOUR_SECONDS)
        follow(client, sweep_id, SweepState.SUCCEEDED)
        (evidence,) = check_world(world, [sweep_id], fault)
    return evidence


def check_charges(evidence: Evidence, *, lost_attempts: int) -> None:
    """Nothing was lost but what had to be, and no trial was charged for a jump."""
    assert sum(trial.attempts - 1 for trial in evidence.trials) <= lost_attempts, "a runner that was heard was fenced"
    trained_seconds = sum(trial.config.epochs * EPOCH_DEVICE_SECONDS for trial in evidence.trials)
    most_seconds = trained_seconds + lost_attempts * (LEASE_SECONDS + 2 * HEARTBEAT_SECONDS)
    assert sum(trial.device_seconds for trial in evidence.trials) <= most_seconds


@pytest.mark.parametrize("hours", [1, -1])
def test_runner_that_is_heard_is_believed_through_a_jump(hours: int, zygote: Zygote, tmp_path: Path) -> None:
    for number in range(TRIES):
        network = TimedNetwork()
        script = partial(train_slowly, network)
        evidence = play(tmp_path / str(number), zygote, script, hours, f"clock jumps {hours:+d} h")
        if network.longest_silence_seconds < LEASE_SECONDS / CLOCK_SPEED:
            check_charges(evidence, lost_attempts=0)
            return
    pytest.fail(f"the machine is too busy: silent for {network.longest_silence_seconds:.1f} s")


@pytest.mark.parametrize("hours", [1, -1])
def test_driver_that_dies_is_replaced_although_the_clock_jumps(hours: int, zygote: Zygote, tmp_path: Path) -> None:
    fault = f"clock jumps {hours:+d} h, a driver dies"
    check_charges(play(tmp_path, zygote, die_in_first_trial, hours, fault), lost_attempts=1)
