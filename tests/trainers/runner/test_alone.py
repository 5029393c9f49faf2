"""A person's own worker, as a process without a Ray cluster, against a ledger over HTTP."""

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.s3 import S3Server
from PIL import Image

from search_spaces.datasets import DatasetSpec
from search_spaces.runner_protocol import RunnerBrief
from search_spaces.trial_config import TrialConfig
from trainers.runner import alone
from trainers.runner.attempt import WorkerLost, attempt_of
from trainers.runner.departure import Departure
from trainers.runner.desk import Desk

pytestmark = pytest.mark.slow

Make = Callable[..., Any]
Start = Callable[[RunnerBrief], subprocess.Popen[str]]
ENDLESS = 10_000
MISSING = DatasetSpec(name="cifar10", root="/nowhere/cifar10")


SHADES = {"dark": 40, "light": 200}


def square(shade: int) -> bytes:
    """A small grey image."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8), (shade, shade, shade)).save(file, "png")
    return file.getvalue()


@pytest.fixture
def start_worker() -> Iterator[Start]:
    started: list[subprocess.Popen[str]] = []

    def start(brief: RunnerBrief) -> subprocess.Popen[str]:
        secrets = {"SUPSWEEP_RUNNER": brief.model_dump_json(), "SUPSWEEP_RUNNER_TOKEN": "secret"}
        command = [sys.executable, "-m", "trainers.runner.alone"]
        started.append(subprocess.Popen(command, env=os.environ | secrets, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_worker_trains_what_it_is_given_until_there_is_no_more(
    ledger: Any, brief: Make, assignment: Make, start_worker: Start
) -> None:
    ledger.plan(assignment(0), assignment(1, checkpoint="000001/elsewhere.pt", attempt=2))
    worker = start_worker(brief())
    assert worker.wait(120) == 0
    assert [ending["outcome"] for ending in ledger.news("outcomes")] == ["completed"] * 2
    assert [(item["step"], item["checkpoint"]) for item in ledger.news("results")] == [(1, None), (2, None)] * 2


def test_stopped_trial_makes_room_for_the_next(ledger: Any, brief: Make, assignment: Make, start_worker: Start) -> None:
    ledger.plan(assignment(0, epochs=ENDLESS), assignment(1))
    ledger.stopped = {0}
    assert start_worker(brief()).wait(120) == 0
    assert ledger.numbers("outcomes") == [1]


def test_drained_worker_gives_its_trial_back(ledger: Any, brief: Make, assignment: Make, start_worker: Start) -> None:
    ledger.plan(assignment(0, epochs=ENDLESS))
    worker = start_worker(brief())
    ledger.wait_for(lambda: bool(ledger.news("results")), 120)
    ledger.is_draining = True
    assert worker.wait(60) == 0
    assert ledger.numbers("lost") == [0]


def test_terminated_worker_gives_its_trial_back_at_once(
    ledger: Any, brief: Make, assignment: Make, start_worker: Start
) -> None:
    ledger.plan(assignment(0, epochs=ENDLESS))
    worker = start_worker(brief())
    ledger.wait_for(lambda: bool(ledger.news("results")), 120)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(60) == 143
    assert ledger.numbers("lost") == [0]


def test_fenced_worker_leaves(ledger: Any, brief: Make, assignment: Make, start_worker: Start) -> None:
    ledger.plan(assignment(0, epochs=ENDLESS))
    worker = start_worker(brief())
    ledger.wait_for(lambda: bool(ledger.news("results")), 120)
    ledger.is_fenced = True
    assert worker.wait(60) == 4


def test_worker_without_the_dataset_asks_for_no_trial(
    ledger: Any, brief: Make, assignment: Make, start_worker: Start
) -> None:
    ledger.plan(assignment(0))
    worker = start_worker(brief(dataset=MISSING, dataset_roots=["/nowhere"]))
    assert worker.wait(120) == 5
    assert ledger.asks == []
    assert "cannot run the trials of sweep sweep: its dataset cifar10 cannot be opened" in worker.stderr.read()  # type: ignore[union-attr]


def test_worker_trains_on_images_that_lie_in_a_bucket(
    ledger: Any, brief: Make, assignment: Make, start_worker: Start, s3: S3Server, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    images = {f"data/{name}/{number}.png": square(shade) for name, shade in SHADES.items() for number in range(10)}
    s3.put(images)
    dataset = DatasetSpec(name="image_folder", root=f"s3://{s3.bucket}/data", classes=2, image_size=8, val_fraction=0.3)
    config = TrialConfig(objective="cross_entropy", epochs=1, batch_size=4, warmup_epochs=0)
    ledger.plan(assignment(0, dataset=dataset, config=config))
    worker = start_worker(brief(dataset=dataset, dataset_roots=[s3.url()]))
    assert worker.wait(120) == 0
    assert [ending["outcome"] for ending in ledger.news("outcomes")] == ["completed"], ledger.news("outcomes")
    assert len(list(tmp_path.rglob("*.png"))) == len(images)


def test_worker_that_cannot_get_its_files_gives_its_trial_back_as_lost(
    brief: Make, assignment: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*_: Any) -> None:
        raise WorkerLost("the files of s3://data cannot be fetched: away")

    monkeypatch.setattr(alone, "run_attempt", lose)
    desk = Desk()
    desk.answered(assignment(0))
    with pytest.raises(alone.Unfit, match=r"trial 0 was lost: the files of s3://data cannot be fetched"):
        alone._train(attempt_of(brief(), "attempt-000001", assignment(0)), desk, Departure())
    [loss] = desk.next_report().lost
    assert (loss.tune_trial_id, loss.reason) == ("attempt-000001", "the files of s3://data cannot be fetched: away")


def test_trial_that_cannot_begin_on_a_machine_of_ones_own_is_lost_and_its_worker_leaves(
    ledger: Any, brief: Make, assignment: Make, start_worker: Start
) -> None:
    ledger.plan(assignment(0, dataset=MISSING), assignment(1))
    assert start_worker(brief()).wait(120) == 5
    assert (ledger.numbers("lost"), ledger.numbers("outcomes")) == ([0], [])
    assert "dataset.root cannot be '/nowhere/cifar10'" in ledger.news("lost")[0]["reason"]
    assert len(ledger.given) == 1
