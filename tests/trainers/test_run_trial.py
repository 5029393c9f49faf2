"""Whole trials on real digits, one for every way to end."""

import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from search_spaces.datasets import DatasetSpec
from search_spaces.metrics import METRICS, SWEEP_METRICS
from search_spaces.outcomes import Outcome
from search_spaces.sweep_spec import Evaluation
from search_spaces.trial_config import TrialConfig
from trainers.build.splits import make_splits
from trainers.run_trial import OUT_OF_MEMORY, Ending, EpochEnd, run_trial

OBJECTIVES = ["supcon", "cross_entropy"]

Run = Callable[..., tuple[Ending, list[EpochEnd]]]


class Stop(Exception):
    """What a caller raises to end a trial."""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a trial with the given fields of its configuration; `trial` goes to run_trial itself."""

    def run_with(trial: dict[str, Any] | None = None, **fields: Any) -> tuple[Ending, list[EpochEnd]]:
        steps: list[EpochEnd] = []
        defaults = {"evaluation": Evaluation(), "folder": tmp_path, "on_epoch": steps.append}
        config = TrialConfig.model_validate({"objective": "supcon", "epochs": 1, **fields})
        return run_trial(config, DatasetSpec(name="digits"), **{**defaults, **(trial or {})}), steps

    return run_with


def stop_at(step: int, steps: list[EpochEnd]) -> Callable[[EpochEnd], None]:
    def record(end: EpochEnd) -> None:
        steps.append(end)
        if end.step == step:
            raise Stop

    return record


@pytest.mark.slow
@pytest.mark.parametrize(("objective", "epochs"), [("supcon", 15), ("cross_entropy", 30)])
def test_the_centre_of_each_arm_reads_digits(run: Run, objective: str, epochs: int) -> None:
    ending, _ = run(objective=objective, epochs=epochs)
    assert ending.outcome is Outcome.COMPLETED
    assert ending.scores["test_top1"] >= 0.97
    assert ending.scores["val_top1"] >= 0.97


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_a_completed_trial_has_every_metric_that_needs_nothing(run: Run, objective: str) -> None:
    ending, steps = run(objective=objective)
    assert (ending.outcome, ending.reason) == (Outcome.COMPLETED, None)
    assert set(ending.scores) == {name for name, metric in METRICS.items() if metric.needs == "nothing"}
    assert ending.attempt_device_seconds >= steps[-1].attempt_device_seconds > 0


def test_an_ending_tells_what_the_trial_ran_on(run: Run) -> None:
    ending, _ = run(objective="cross_entropy")
    assert {"dataset_fingerprint", "device", "host", "packages", "python", "torch"} <= set(ending.facts)
    assert ending.facts["torch"] == torch.__version__
    assert ending.facts["dataset_fingerprint"] == make_splits(DatasetSpec(name="digits")).fingerprint()


def test_the_scores_on_validation_are_those_of_the_last_epoch(run: Run) -> None:
    ending, steps = run(objective="cross_entropy", epochs=2)
    for name in SWEEP_METRICS:
        assert ending.scores[name] == steps[-1].metrics[name]


def test_five_epochs_of_a_run_are_measured_the_last_among_them(run: Run) -> None:
    _, steps = run(objective="cross_entropy", epochs=7)
    assert [step.step for step in steps] == [1, 2, 3, 4, 5, 6, 7]
    assert [step.step for step in steps if "val_top1" in step.metrics] == [2, 3, 5, 6, 7]
    assert all(math.isfinite(value) for step in steps for value in step.metrics.values())
    assert not any(name.startswith("test_") for step in steps for name in step.metrics)


@pytest.mark.parametrize(("objective", "views"), [("supcon", 2), ("cross_entropy", 1)])
def test_image_passes_are_epochs_times_views_times_images(run: Run, objective: str, views: int) -> None:
    _, steps = run(objective=objective, epochs=2)
    assert [step.image_passes for step in steps] == [1222 * views, 2 * 1222 * views]


@pytest.mark.usefixtures("on_cpu")
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_same_configuration_gives_the_same_bits(run: Run, objective: str) -> None:
    torch.manual_seed(1)
    one, one_steps = run(objective=objective)
    torch.manual_seed(2)
    other, other_steps = run(objective=objective)
    assert other.scores == one.scores
    assert other_steps[0].metrics["train_loss"] == one_steps[0].metrics["train_loss"]


@pytest.mark.slow
@pytest.mark.usefixtures("on_cpu")
@pytest.mark.parametrize(
    "fields", [{"objective": "supcon", "optimizer": "lars"}, {"objective": "cross_entropy", "optimizer": "adamw"}]
)
def test_a_resumed_trial_equals_one_that_never_stopped(run: Run, tmp_path: Path, fields: dict[str, str]) -> None:
    whole, whole_steps = run({"folder": tmp_path / "whole", "checkpoint_seconds": 0}, epochs=4, **fields)
    steps: list[EpochEnd] = []
    parts = {"folder": tmp_path / "parts", "checkpoint_seconds": 0}
    with pytest.raises(Stop):
        run({**parts, "on_epoch": stop_at(2, steps)}, epochs=4, **fields)
    resumed, more_steps = run({**parts, "checkpoint": steps[-1].checkpoint}, epochs=4, **fields)

    assert resumed.scores == whole.scores
    for found, expected in zip(steps + more_steps, whole_steps, strict=True):
        assert without_speed(found) == without_speed(expected)
        assert found.image_passes == expected.image_passes
    name = "epoch-000003.pt"
    one, other = (torch.load(tmp_path / part / name, weights_only=True) for part in ("whole", "parts"))
    torch.testing.assert_close(other["state"]["training"], one["state"]["training"], rtol=0, atol=0)


@pytest.mark.usefixtures("on_cpu")
def test_a_trial_killed_on_one_machine_goes_on_from_a_bucket_as_if_it_had_never_stopped(run: Run, s3: Any) -> None:
    fields = {"objective": "cross_entropy", "epochs": 3}
    whole, whole_steps = run({"folder": s3.url("whole"), "checkpoint_seconds": 0}, **fields)
    steps: list[EpochEnd] = []
    with pytest.raises(Stop):
        run({"folder": s3.url("parts"), "checkpoint_seconds": 0, "on_epoch": stop_at(2, steps)}, **fields)
    resumed, more_steps = run({"folder": s3.url("parts"), "checkpoint": steps[-1].checkpoint}, **fields)
    assert [step.step for step in more_steps] == [3]
    assert resumed.scores == whole.scores
    assert without_speed(more_steps[0]) == without_speed(whole_steps[2])
    kept = ["epoch-000001.pt", "epoch-000002.pt", "evaluation.json"]
    assert s3.keys() == [f"{folder}/{name}" for folder in ("parts", "whole") for name in kept]


def test_a_bucket_that_goes_away_in_mid_run_costs_checkpoints_and_not_the_trial(
    run: Run, s3: Any, caplog: pytest.LogCaptureFixture
) -> None:
    steps: list[EpochEnd] = []

    def go_away(end: EpochEnd) -> None:
        steps.append(end)
        s3.stop()

    trial = {"folder": s3.url("trial"), "checkpoint_seconds": 0, "on_epoch": go_away}
    ending, _ = run(trial, objective="cross_entropy", epochs=3)
    assert ending.outcome is Outcome.COMPLETED
    assert [step.checkpoint for step in steps] == ["epoch-000001.pt", None, None]
    assert "goes on without it" in caplog.text
    assert "evaluation not written" in caplog.text


def without_speed(end: EpochEnd) -> dict[str, float]:
    passing = ("images_per_second", "cpu_use", "system/")
    return {name: value for name, value in end.metrics.items() if not name.startswith(passing)}


def test_device_seconds_go_on_where_the_checkpoint_was_written(run: Run) -> None:
    steps: list[EpochEnd] = []
    trial = {"checkpoint_seconds": 0, "devices": 2.0}
    with pytest.raises(Stop):
        run({**trial, "on_epoch": stop_at(1, steps)}, objective="cross_entropy", epochs=2)
    _, more_steps = run({**trial, "checkpoint": steps[0].checkpoint}, objective="cross_entropy", epochs=2)
    assert steps[0].device_seconds == steps[0].attempt_device_seconds
    last = more_steps[-1]
    assert last.device_seconds == pytest.approx(steps[0].device_seconds + last.attempt_device_seconds)


def test_a_short_trial_writes_no_checkpoint(run: Run, tmp_path: Path) -> None:
    _, steps = run(objective="cross_entropy", epochs=2)
    assert [step.checkpoint for step in steps] == [None, None]
    assert list(tmp_path.glob("*.pt")) == []


def test_what_is_no_single_number_lies_in_the_trials_folder(run: Run, tmp_path: Path) -> None:
    ending, _ = run(objective="cross_entropy", epochs=2)
    details = json.loads((tmp_path / "evaluation.json").read_text())
    confusion = torch.tensor(details["test"]["confusion"])
    assert confusion.sum() == 360
    assert confusion.diagonal().sum().item() / 360 == pytest.approx(ending.scores["test_top1"])
    assert [path.name for path in tmp_path.iterdir()] == ["evaluation.json"]


def test_calibration_and_corruptions_are_measured_where_they_are_asked_for(run: Run) -> None:
    asked = Evaluation(calibration=True, corruptions="small_images")
    ending, _ = run({"evaluation": asked}, objective="cross_entropy")
    expected = {name for name, metric in METRICS.items() if metric.needs != "imagenet"}
    assert set(ending.scores) == expected


def test_the_last_epoch_needs_no_checkpoint(run: Run) -> None:
    _, steps = run({"checkpoint_seconds": 0}, objective="cross_entropy", epochs=2)
    assert [step.checkpoint for step in steps] == ["epoch-000001.pt", None]


def test_a_checkpoint_that_is_gone_means_a_new_start(run: Run) -> None:
    ending, steps = run({"checkpoint": "epoch-000007.pt"}, objective="cross_entropy", epochs=2)
    assert (ending.outcome, [step.step for step in steps]) == (Outcome.COMPLETED, [1, 2])


def test_a_checkpoint_of_another_configuration_fails_the_trial(run: Run) -> None:
    _, steps = run({"checkpoint_seconds": 0}, objective="cross_entropy", epochs=2)
    ending, _ = run({"checkpoint": steps[0].checkpoint}, objective="cross_entropy", epochs=2, seed=1)
    assert ending.outcome is Outcome.FAILED
    assert "was written by another configuration" in str(ending.reason)


def test_what_the_caller_raises_passes_through(run: Run) -> None:
    with pytest.raises(Stop):
        run({"on_epoch": stop_at(1, [])}, objective="cross_entropy", epochs=3)


@pytest.mark.parametrize(
    "fields",
    [
        {"objective": "cross_entropy", "learning_rate": 1e30},
        {"objective": "cross_entropy", "learning_rate_multiplier": 1000.0},
        {"objective": "supcon", "learning_rate": 1e38, "embedding_normalised": False},
    ],
    ids=["infinite", "far above the start", "embeddings off the sphere"],
)
def test_a_learning_rate_far_too_high_diverges(run: Run, fields: dict[str, Any]) -> None:
    ending, _ = run(epochs=15, **fields)
    assert ending.outcome is Outcome.DIVERGED
    assert "loss" in str(ending.reason)
    assert ending.scores == {}


def test_weights_that_break_in_the_last_step_are_divergence_too(run: Run) -> None:
    """One step per epoch: the only loss is that of the untrained network."""
    ending, steps = run(objective="cross_entropy", batch_size=1222, warmup_epochs=0, learning_rate=1e38)
    assert steps == []
    assert ending.outcome is Outcome.DIVERGED
    assert "no finite output" in str(ending.reason)


@pytest.mark.parametrize(("objective", "multiplier", "seed"), [("supcon", 1000.0, 0), ("cross_entropy", 100.0, 1)])
def test_equal_outputs_for_all_images_are_a_collapse(run: Run, objective: str, multiplier: float, seed: int) -> None:
    ending, steps = run(objective=objective, epochs=15, learning_rate_multiplier=multiplier, seed=seed)
    assert ending.outcome is Outcome.COLLAPSED
    assert "every image had the same output" in str(ending.reason)
    assert 3 <= len(steps) < 14


@pytest.mark.parametrize(("objective", "optimizer"), [("supcon", "sgd"), ("supcon", "lars"), ("cross_entropy", "lars")])
def test_a_run_that_is_only_slow_completes(run: Run, objective: str, optimizer: str) -> None:
    """A thousandth of the reference learning rate: the loss stays at the level of a collapse."""
    ending, _ = run(objective=objective, optimizer=optimizer, epochs=5, learning_rate_multiplier=0.001)
    assert ending.outcome is Outcome.COMPLETED


def test_a_trial_past_its_time_is_timed_out(run: Run) -> None:
    ending, steps = run({"timeout_seconds": 1e-3})
    assert (ending.outcome, steps) == (Outcome.TIMED_OUT, [])
    assert ending.reason == "trained longer than its 0.001 seconds"


def test_time_that_the_caller_takes_is_not_the_trials(run: Run) -> None:
    spans: list[float] = []

    def be_slow(end: EpochEnd) -> None:
        start = time.perf_counter()
        while time.perf_counter() < start + 0.05:
            pass
        spans.append(time.perf_counter() - start)

    start = time.perf_counter()
    ending, _ = run({"on_epoch": be_slow}, objective="cross_entropy", epochs=2)
    assert ending.attempt_device_seconds <= time.perf_counter() - start - sum(spans)


def test_a_batch_larger_than_the_data_is_infeasible_with_both_numbers(run: Run) -> None:
    ending, _ = run(batch_size=2000)
    assert ending.outcome is Outcome.INFEASIBLE
    assert ending.reason is not None
    assert ending.reason.startswith("batch_size 2000 is more than the 1222 training images")


@pytest.mark.parametrize("words", OUT_OF_MEMORY)
def test_every_way_to_say_that_memory_is_out_is_infeasible(
    run: Run, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_out(*_: Any) -> None:
        raise RuntimeError(f"CUDA error: {words} when calling something")

    monkeypatch.setattr("trainers.run_trial.train_epoch", run_out)
    ending, _ = run()
    assert ending.outcome is Outcome.INFEASIBLE


def test_the_papers_second_stage_is_fitted_once(run: Run) -> None:
    trial = {"evaluation": Evaluation.model_validate({"probe": {"kind": "sgd"}})}
    _, steps = run(trial, epochs=3, probe_epochs=1)
    assert [step.step for step in steps if "val_top1" in step.metrics] == [3]


@pytest.mark.slow
def test_too_little_memory_is_infeasible(tmp_path: Path) -> None:
    """A process of its own, allowed 200 MB on top of what it holds."""
    answer = subprocess.run(
        [sys.executable, "-c", IN_LITTLE_MEMORY, str(tmp_path)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    outcome, reason = answer.stdout.splitlines()[-1].split(" ", maxsplit=1)
    assert outcome == "infeasible"
    assert reason.startswith("out of memory: ")


IN_LITTLE_MEMORY = """
import pathlib, resource, sys
from search_spaces.datasets import DatasetSpec
from search_spaces.sweep_spec import Evaluation
from search_spaces.trial_config import TrialConfig
from trainers.build.splits import make_splits
from trainers.run_trial import run_trial

def attempt(**fields):
    config = TrialConfig(objective="supcon", epochs=1, **fields)
    return run_trial(
        config, DatasetSpec(name="digits"), Evaluation(), folder=pathlib.Path(sys.argv[1]), on_epoch=lambda end: None
    )

attempt(batch_size=1222, projection_dim=16)
pages = int(pathlib.Path("/proc/self/statm").read_text().split()[0])
limit = pages * resource.getpagesize() + 200_000_000
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
ending = attempt(batch_size=1222, projection_dim=8192)
print(ending.outcome.value, ending.reason)
"""
