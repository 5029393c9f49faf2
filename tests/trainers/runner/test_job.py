"""The whole runner as a process on a real Ray cluster, against a ledger over HTTP."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import psutil
import pytest
from fakes.s3 import S3Server

from trainers.runner import job
from trainers.runner.departure import LeaveNow

pytestmark = [pytest.mark.ray, pytest.mark.slow]

STAND_IN = """
import logging, os, signal, sys, time
from ray import tune
from search_spaces.runner_protocol import RunnerBrief, StepResult, TrialEnding
from trainers.runner.attempt import from_config, to_result
from trainers.runner.job import run_job

def train(config):
    attempt = from_config(config)
    name, assignment = attempt.tune_trial_id, attempt.assignment
    for step in range(1, assignment.config.epochs + 1):
        time.sleep(0.02)
        spent = {"image_passes": step, "device_seconds": step, "attempt_device_seconds": step}
        tune.report(to_result(StepResult(tune_trial_id=name, step=step, metrics={"pid": os.getpid()}, **spent)))
        if assignment.arm == "dies" and assignment.attempt == 1:
            os.kill(os.getpid(), signal.SIGKILL)
    ending = TrialEnding(tune_trial_id=name, outcome="completed", scores={"pid": os.getpid()}, attempt_device_seconds=1)
    tune.report(to_result(ending))

logging.basicConfig(level=logging.INFO)
brief = RunnerBrief.model_validate_json(os.environ["SUPSWEEP_RUNNER"])
sys.exit(run_job(brief, os.environ["SUPSWEEP_RUNNER_TOKEN"], train))
"""
"""A runner whose trials train nothing: 0.02 seconds an epoch."""

ENDLESS = 10_000
"""Epochs: minutes of the stand-in."""

KILLED_AFTER_SECONDS = 3
"""What Ray leaves a job between SIGTERM and SIGKILL."""

SECRET = "a-secret-that-belongs-nowhere"

Start = Callable[..., subprocess.Popen[str]]
Make = Callable[..., Any]


def exit_code(runner: subprocess.Popen[str], seconds: float = 60) -> int:
    _, errors = runner.communicate(timeout=seconds)
    sys.stderr.write(errors)
    return runner.returncode


def sequences(ledger: Any) -> list[int]:
    return [report["sequence"] for report in ledger.reports]


def test_real_trials_are_trained_reported_once_and_leave_no_secret_behind(
    start_runner: Start, ledger: Any, brief: Make, assignment: Make, cluster: Any, tmp_path: Path, s3: S3Server
) -> None:
    ledger.plan(*[assignment(number) for number in range(3)])
    assert exit_code(start_runner(brief(storage=s3.url("sweep"))), seconds=240) == 0
    assert sorted(ledger.numbers("outcomes")) == [0, 1, 2]
    assert {ending["outcome"] for ending in ledger.news("outcomes")} == {"completed"}, ledger.news("outcomes")
    assert all("val_top1" in ending["scores"] for ending in ledger.news("outcomes"))
    assert sorted(ledger.numbers("results")) == [0, 0, 1, 1, 2, 2]
    assert sequences(ledger) == list(range(1, len(ledger.reports) + 1))
    assert s3.keys() == [f"sweep/00000{number}/evaluation.json" for number in range(3)]
    assert files_with(SECRET, [cluster.folder, tmp_path]) == []


def test_wishes_are_taken_back_first_and_before_the_goodbye(monkeypatch: pytest.MonkeyPatch, brief: Make) -> None:
    order: list[Any] = []

    def leave(*arguments: Any) -> None:
        arguments[3].want(1)
        raise LeaveNow

    monkeypatch.setattr(job, "ray", MagicMock())
    monkeypatch.setattr(job, "leave_on_sigterm", lambda _: None)
    monkeypatch.setattr(job, "Courier", MagicMock())
    monkeypatch.setattr(job, "request_resources", lambda *, bundles: order.append(bundles))
    monkeypatch.setattr(job, "_run_tune", leave)
    monkeypatch.setattr(job, "say_goodbye", lambda *_: order.append("goodbye"))
    job.run_job(brief(), "token")
    assert order == [[], [{"CPU": 1.0}], [], "goodbye"]


def test_trials_reuse_their_processes_and_leave_the_storage_as_it_was(
    start_runner: Start, ledger: Any, brief: Make, assignment: Make, tmp_path: Path
) -> None:
    ledger.plan(*[assignment(number) for number in range(6)])
    assert exit_code(start_runner(brief(), "-c", STAND_IN)) == 0
    assert sorted(ledger.numbers("outcomes")) == list(range(6))
    assert len({ending["scores"]["pid"] for ending in ledger.news("outcomes")}) <= 2
    assert list((tmp_path / "storage").iterdir()) == []


def test_a_killed_trial_is_lost_and_the_others_do_not_notice(
    start_runner: Start, ledger: Any, brief: Make, assignment: Make
) -> None:
    ledger.plan(assignment(0, arm="dies"), *[assignment(number) for number in range(1, 4)])
    assert exit_code(start_runner(brief(), "-c", STAND_IN)) == 0
    assert ledger.numbers("lost") == [0]
    assert "its process was lost" in ledger.news("lost")[0]["reason"]
    assert ledger.tokens == {f"Bearer {SECRET}"}
    assert sorted(ledger.numbers("outcomes")) == [0, 1, 2, 3]


def test_a_process_killed_between_two_trials_costs_at_most_one_attempt(
    start_runner: Start, ledger: Any, brief: Make, assignment: Make
) -> None:
    ledger.plan(assignment(0), assignment(1))
    ledger.gives_at_most = 1
    runner = start_runner(brief(), "-c", STAND_IN)
    ledger.wait_for(lambda: ledger.numbers("outcomes") == [0])
    for pid in {int(ending["scores"]["pid"]) for ending in ledger.news("outcomes")}:
        psutil.Process(pid).kill()
    ledger.gives_at_most = 10
    assert exit_code(runner) == 0
    assert sorted(ledger.numbers("outcomes")) == [0, 1]


def test_training_goes_on_while_the_service_is_away(
    start_runner: Start, ledger: Any, brief: Make, assignment: Make
) -> None:
    ledger.plan(assignment(0, epochs=100), assignment(1, epochs=100))
    runner = start_runner(brief(), "-c", STAND_IN)
    ledger.wait_for(lambda: set(ledger.numbers("results")) == {0, 1})
    ledger.is_away = True
    tried = len(ledger.tries)
    ledger.wait_for(lambda: len(ledger.tries) >= tried + 5)
    assert all(again == ledger.tries[tried] for again in ledger.tries[tried : tried + 5])
    ledger.is_away = False
    assert exit_code(runner) == 0
    assert sorted(ledger.numbers("outcomes")) == [0, 1]
    assert sorted(ledger.numbers("results")) == sorted([0, 1] * 100)
    assert sequences(ledger) == list(range(1, len(ledger.reports) + 1))


def test_a_stopped_trial_ends_without_an_outcome_and_makes_room(
    start_runner: Start, ledger: Any, brief: Make, assignment: Make
) -> None:
    ledger.stopped = {0, 1}
    ledger.plan(assignment(0, epochs=ENDLESS), assignment(1, epochs=ENDLESS), assignment(2), assignment(3))
    assert exit_code(start_runner(brief(), "-c", STAND_IN)) == 0
    assert sorted(ledger.numbers("outcomes")) == [2, 3]
    assert ledger.numbers("lost") == []


def test_a_drained_runner_gives_every_trial_back(
    start_runner: Start, ledger: Any, brief: Make, assignment: Make
) -> None:
    ledger.plan(assignment(0, epochs=ENDLESS), assignment(1, epochs=ENDLESS), assignment(2))
    runner = start_runner(brief(), "-c", STAND_IN)
    ledger.wait_for(lambda: set(ledger.numbers("results")) == {0, 1})
    ledger.is_draining = True
    assert exit_code(runner) == 0
    assert sorted(ledger.numbers("lost")) == [0, 1]
    assert {loss["reason"] for loss in ledger.news("lost")} == {"the runner was drained"}


def test_a_fenced_runner_stops_its_trials_and_exits(
    start_runner: Start, ledger: Any, brief: Make, assignment: Make
) -> None:
    ledger.plan(assignment(0, epochs=ENDLESS), assignment(1, epochs=ENDLESS))
    runner = start_runner(brief(), "-c", STAND_IN)
    ledger.wait_for(lambda: set(ledger.numbers("results")) == {0, 1})
    trials = trial_processes(ledger)
    ledger.is_fenced = True
    assert exit_code(runner) == 4
    assert ledger.news("lost") == []
    wait_until_gone(trials)


def test_a_runner_that_cannot_reach_the_service_leaves_when_its_patience_is_over(
    start_runner: Start, ledger: Any, brief: Make, assignment: Make
) -> None:
    ledger.plan(assignment(0, epochs=ENDLESS))
    runner = start_runner(brief(patience_seconds=1.0), "-c", STAND_IN)
    ledger.wait_for(lambda: ledger.numbers("results") != [])
    trials = trial_processes(ledger)
    ledger.is_away = True
    assert exit_code(runner) == 3
    wait_until_gone(trials)


def test_a_stopped_job_reports_its_trials_lost_before_it_is_killed(
    start_runner: Start, ledger: Any, brief: Make, assignment: Make
) -> None:
    ledger.plan(assignment(0, epochs=ENDLESS), assignment(1, epochs=ENDLESS))
    runner = start_runner(brief(), "-c", STAND_IN)
    ledger.wait_for(lambda: set(ledger.numbers("results")) == {0, 1})
    trials = trial_processes(ledger)
    runner.send_signal(signal.SIGTERM)
    ledger.wait_for(lambda: sorted(ledger.numbers("lost")) == [0, 1], seconds=KILLED_AFTER_SECONDS)
    assert exit_code(runner) == 143
    wait_until_gone(trials)


def test_a_runner_without_a_brief_says_who_starts_runners(cluster: Any) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "trainers.runner"],
        check=False,
        env=cluster.environment,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    assert found.returncode == 2
    assert "SUPSWEEP_RUNNER' is not set: runners are started by the service" in found.stderr
    assert "Traceback" not in found.stderr


def files_with(secret: str, folders: list[Path]) -> list[Path]:
    return [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.is_file() and secret.encode() in path.read_bytes()
    ]


def trial_processes(ledger: Any) -> list[psutil.Process]:
    """The processes of the stand-in's trials."""
    return [psutil.Process(pid) for pid in {int(result["metrics"]["pid"]) for result in ledger.news("results")}]


def wait_until_gone(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=20)
    assert alive == []
