"""Runners that the service cannot hear, hears twice, or hears when it has long given them up."""

import time
from pathlib import Path

import pytest
from chaos.checks import check_world
from chaos.lives import succeed
from chaos.networks import CutNetwork, MischievousNetwork
from chaos.scripted_runner import EPOCH_DEVICE_SECONDS, Script, ScriptedRunner, train_and_listen, train_well
from chaos.world import CLOCK_SPEED, LEASE_SECONDS, LONG_LEASE_SECONDS, World, small_world
from chaos.zygote import Zygote

from service.db.trials import TrialRow

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

GHOST_SCORE = 0.123456
"""What a runner reports that is not believed any more."""


def play(
    folder: Path, zygote: Zygote, script: Script, fault: str, lease_seconds: float = LEASE_SECONDS
) -> tuple[World, list[TrialRow], list[str]]:
    """A sweep whose first runner is the script. Its trials, and the kinds of its events."""
    with small_world(folder, zygote, [script], lease_seconds=lease_seconds) as world:
        world.add_service().start()
        (evidence,) = check_world(world, succeed(world.client()), fault)
    return world, list(evidence.trials), [event.kind for event in evidence.events]


def test_runner_cut_off_for_less_than_its_lease_loses_nothing(zygote: Zygote, tmp_path: Path) -> None:
    def run(runner: ScriptedRunner) -> None:
        network = runner.transport = CutNetwork()
        runner.start()
        offer = runner.take()
        assert offer is not None
        network.is_cut.set()
        runner.step(offer, 1)
        runner.step(offer, 2)
        runner.complete(offer)
        time.sleep(LEASE_SECONDS / CLOCK_SPEED / 3)
        network.is_cut.clear()
        runner.work(train_well)

    _, trials, kinds = play(tmp_path, zygote, run, "runner cut off within its lease", LONG_LEASE_SECONDS)
    assert [trial.attempts for trial in trials] == [1, 1, 1, 1]
    assert "runner.fenced" not in kinds


def test_fenced_runner_that_comes_back_counts_nothing(zygote: Zygote, tmp_path: Path) -> None:
    causes = []

    def run(runner: ScriptedRunner) -> None:
        network = runner.transport = CutNetwork()
        runner.start()
        offer = runner.take()
        assert offer is not None
        runner.step(offer, 1)
        runner.wait_until_delivered()
        network.is_cut.set()
        runner.step(offer, 2, GHOST_SCORE)
        runner.complete(offer, GHOST_SCORE)
        time.sleep(1.5 * LEASE_SECONDS / CLOCK_SPEED)
        network.is_cut.clear()
        # Its cluster stops it too, but not at once: it is the ledger that must not listen.
        while runner.departure.cause is None:
            time.sleep(0.05)
        causes.append(runner.departure.cause)
        runner.say_goodbye()

    world, trials, kinds = play(tmp_path, zygote, run, "fenced runner comes back and reports")
    assert [cause.name for cause in causes if cause] == ["REFUSED"], f"see {world.log}"
    assert [trial.attempts for trial in trials] == [2, 1, 1, 1]
    assert kinds.count("runner.fenced") == 1
    assert GHOST_SCORE not in [trial.score for trial in trials]


def test_runner_cut_off_beyond_its_patience_leaves_and_is_replaced(zygote: Zygote, tmp_path: Path) -> None:
    causes = []

    def run(runner: ScriptedRunner) -> None:
        network = runner.transport = CutNetwork()
        runner.patience_seconds = 1.0
        runner.start()
        offer = runner.take()
        assert offer is not None
        network.is_cut.set()
        runner.step(offer, 1)
        while not runner.must_stop:
            time.sleep(0.05)
        causes.append(runner.departure.cause)
        runner.say_goodbye()

    _, trials, _ = play(tmp_path, zygote, run, "runner cut off beyond its patience")
    assert [cause.name for cause in causes if cause] == ["UNREACHABLE"]
    assert [trial.attempts for trial in trials] == [2, 1, 1, 1]


@pytest.mark.parametrize("seed", range(3))
def test_reports_that_come_twice_late_or_unanswered_count_once(seed: int, zygote: Zygote, tmp_path: Path) -> None:
    networks = []

    def run(runner: ScriptedRunner) -> None:
        networks.append(MischievousNetwork(seed))
        runner.transport = networks[-1]
        runner.start()
        runner.work(train_and_listen)

    _, trials, kinds = play(tmp_path, zygote, run, "reports doubled, replayed, unanswered", LONG_LEASE_SECONDS)
    (network,) = networks
    assert min(network.doubled, network.replayed, network.lost) > 0
    assert [trial.attempts for trial in trials] == [1, 1, 1, 1]
    assert [trial.device_seconds for trial in trials] == [
        trial.config.epochs * EPOCH_DEVICE_SECONDS for trial in trials
    ]
    assert "runner.fenced" not in kinds
