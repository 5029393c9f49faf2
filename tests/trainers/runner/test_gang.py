"""Trials of two workers through a real runner on a real Ray cluster."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from trainers.run_trial import EpochEnd, run_trial

pytestmark = [pytest.mark.ray, pytest.mark.slow]

TWO = {"workers": 2}
ENDLESS = 10_000
"""Epochs: minutes of training."""

Make = Callable[..., Any]
Start = Callable[..., subprocess.Popen[str]]


def exit_code(runner: subprocess.Popen[str], seconds: float = 240) -> int:
    _, errors = runner.communicate(timeout=seconds)
    sys.stderr.write(errors)
    return runner.returncode


def gang(cluster: Any) -> list[psutil.Process]:
    """The workers of gangs that live on the cluster."""
    family = psutil.Process(cluster.process.pid).children(recursive=True)
    return [one for one in family if "ray::GangWorker" in " ".join(_command(one))]


def left_of_gang(cluster: Any) -> list[psutil.Process]:
    """Workers that do not end although their trial has, which takes them a moment."""
    return psutil.wait_procs(gang(cluster), timeout=60)[1]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def test_two_workers_train_what_one_trains(
    start_runner: Start, ledger: Any, brief: Make, assignment: Make, tmp_path: Path, cluster: Any
) -> None:
    trial = assignment(0)
    ledger.plan(trial, assignment(1))
    assert exit_code(start_runner(brief(resources=TWO))) == 0
    assert ledger.numbers("outcomes") == [0, 1]
    assert {ending["outcome"] for ending in ledger.news("outcomes")} == {"completed"}, ledger.news("outcomes")
    assert all(ending["attempt_device_seconds"] > 0 for ending in ledger.news("outcomes"))
    assert left_of_gang(cluster) == []
    alone: list[EpochEnd] = []
    run_trial(trial.config, trial.dataset, trial.evaluation, folder=tmp_path, on_epoch=alone.append)
    found = [result["metrics"]["train_loss"] for result in ledger.news("results")[:2]]
    assert found == pytest.approx([end.metrics["train_loss"] for end in alone], rel=1e-3)


def test_a_killed_worker_means_a_lost_attempt_and_the_next_one_completes(
    start_runner: Start, ledger: Any, brief: Make, assignment: Make, cluster: Any
) -> None:
    ledger.plan(assignment(0, epochs=30))
    runner = start_runner(brief(resources=TWO))
    ledger.wait_for(lambda: ledger.numbers("results") != [], seconds=150)
    victims = gang(cluster)
    assert len(victims) == 2
    victims[1].kill()
    assert exit_code(runner) == 0
    assert ledger.numbers("lost") == [0]
    assert "its process was lost" in ledger.news("lost")[0]["reason"]
    assert [ending["outcome"] for ending in ledger.news("outcomes")] == ["completed"]
    assert left_of_gang(cluster) == []


def test_a_stopped_trial_frees_its_workers_for_the_next_one(
    start_runner: Start, ledger: Any, brief: Make, assignment: Make, cluster: Any
) -> None:
    ledger.stopped = {0}
    ledger.plan(assignment(0, epochs=ENDLESS), assignment(1))
    assert exit_code(start_runner(brief(resources=TWO))) == 0
    assert ledger.numbers("outcomes") == [1]
    assert left_of_gang(cluster) == []


def test_a_trial_that_all_workers_refuse_ends_with_its_sentence(
    start_runner: Start, ledger: Any, brief: Make, assignment: Make
) -> None:
    trial = assignment(0)
    ledger.plan(trial.model_copy(update={"config": trial.config.model_copy(update={"batch_size": 5000})}))
    assert exit_code(start_runner(brief(resources=TWO))) == 0
    [ending] = ledger.news("outcomes")
    assert ending["outcome"] == "infeasible"
    assert "batch_size 5000 is more than the 1222 training images" in ending["reason"]
