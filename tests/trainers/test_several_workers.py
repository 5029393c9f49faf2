"""W workers equal one with the same global batch: gradients, whole trials, restarts with another number of workers."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from fakes.s3 import CREDENTIALS, S3Server
from fakes.workers import run_workers
from torch import Tensor

from search_spaces.datasets import DatasetSpec
from search_spaces.objectives import Objective as ObjectiveName
from search_spaces.outcomes import Outcome
from search_spaces.sweep_spec import Evaluation
from search_spaces.trial_config import TrialConfig
from trainers.build.trial import build_trial
from trainers.distributed import ALONE, World
from trainers.draws import Draws
from trainers.run_trial import Ending, EpochEnd, TrialRun

pytestmark = pytest.mark.usefixtures("on_cpu")

OBJECTIVES: list[dict[str, Any]] = [
    *({"objective": name.value} for name in ObjectiveName),
    {"objective": "supcon", "queue_size": 16},
    {"objective": "cross_entropy", "mixup_alpha": 0.2, "cutmix_alpha": 1.0},
]
DIGITS, EVALUATION = DatasetSpec(name="digits"), Evaluation()


def gradients(world: World, batch_sizes: list[int]) -> list[Tensor]:
    """Of a batch of each size with each objective: all weights of the model in a row, summed over the workers."""
    found = []
    for fields in OBJECTIVES:
        config = TrialConfig.model_validate({**fields, "augmentation": "randaugment"})
        for images in batch_sizes:
            trial = build_trial(config, DIGITS, EVALUATION, world)
            share = world.slice_of(images)
            [(own, labels)] = trial.splits.train.batches([torch.arange(images)[share]])
            draws = Draws(torch.Generator().manual_seed(3), start=share.start, stop=share.stop, of=images)
            trial.training.objective.training_loss(own, labels, draws).loss.backward()
            parts = [
                weight.grad.flatten() for weight in trial.training.objective.parameters() if weight.grad is not None
            ]
            found.append(world.sum(torch.cat(parts)))
    return found


def test_the_gradient_of_four_workers_is_that_of_one_for_every_objective() -> None:
    batch_sizes = [30, 9]
    expected = gradients(ALONE, batch_sizes)
    for found in run_workers(4, gradients, batch_sizes):
        for one, other in zip(found, expected, strict=True):
            assert torch.cosine_similarity(one, other, dim=0) > 0.99999
            assert (one.norm() / other.norm()).item() == pytest.approx(1, abs=1e-5)


def attempt(
    world: World, fields: dict[str, Any], folder: str, checkpoint: str | None, epochs: int, trial: dict[str, Any]
) -> list[EpochEnd | Ending]:
    """Advances `epochs` times, or to the ending."""
    config = TrialConfig.model_validate(fields)
    run = TrialRun(
        config,
        DIGITS,
        EVALUATION,
        folder=folder,
        checkpoint=checkpoint,
        checkpoint_seconds=0,
        world=world,
        **trial,
    )
    advances: list[EpochEnd | Ending] = []
    while len(advances) < epochs and not (advances and isinstance(advances[-1], Ending)):
        advances.append(run.advance())
    return advances


def losses(advances: list[EpochEnd | Ending]) -> list[float]:
    return [one.metrics["train_loss"] for one in advances if isinstance(one, EpochEnd)]


@pytest.mark.slow
@pytest.mark.parametrize("objective", ["supcon", "cross_entropy"])
def test_a_trial_of_two_workers_is_that_of_one(objective: str, tmp_path: Path) -> None:
    fields = {"objective": objective, "epochs": 2, "batch_size": 128, "gradient_clip": 1.0}
    expected = attempt(ALONE, fields, str(tmp_path / "alone"), None, 9, {})
    first, second = run_workers(2, attempt, fields, str(tmp_path / "two"), None, 9, {})
    assert losses(first) == losses(second)
    assert losses(first) == pytest.approx(losses(expected), rel=2e-3)
    for ending in (first[-1], second[-1]):
        assert isinstance(ending, Ending)
        assert ending.outcome is Outcome.COMPLETED
        assert ending.scores["test_top1"] > 0.5
    assert [one.checkpoint for one in first[:2]] == ["epoch-000001.pt", None]  # type: ignore[union-attr]
    assert [one.checkpoint for one in second[:2]] == [None, None]  # type: ignore[union-attr]
    assert [one.image_passes for one in first[:2]] == [one.image_passes for one in expected[:2]]  # type: ignore[union-attr]


@pytest.mark.slow
def test_a_trial_goes_on_with_another_number_of_workers(tmp_path: Path) -> None:
    fields = {"objective": "supcon", "epochs": 3, "batch_size": 256}
    whole = attempt(ALONE, fields, str(tmp_path / "alone"), None, 9, {})
    parts = str(tmp_path / "parts")
    [first, _] = run_workers(2, attempt, fields, parts, None, 1, {})
    then = attempt(ALONE, fields, parts, "epoch-000001.pt", 1, {})
    [last, *_] = run_workers(3, attempt, fields, parts, "epoch-000002.pt", 9, {})
    assert losses(first + then + last) == pytest.approx(losses(whole), rel=5e-3)
    assert isinstance(last[-1], Ending)
    assert last[-1].outcome is Outcome.COMPLETED


def test_workers_go_on_from_a_bucket_only_where_all_found_the_same_epoch(s3: S3Server) -> None:
    fields = {"objective": "cross_entropy", "epochs": 2}
    attempt(ALONE, fields, s3.url("trial"), None, 1, {})

    def go_on(world: World, common: str, other: str) -> list[EpochEnd | Ending]:
        os.environ.update(CREDENTIALS)
        folders = [common, (common, other)[world.rank]]
        return [attempt(world, fields, folder, "epoch-000001.pt", 1, {})[0] for folder in folders]

    [first, first_ending], [second, second_ending] = run_workers(2, go_on, s3.url("trial"), s3.url("elsewhere"))
    assert isinstance(first, EpochEnd)
    assert (first.step, losses([first])) == (2, losses([second]))
    for ending in (first_ending, second_ending):
        assert isinstance(ending, Ending)
        assert "checkpoints of different epochs, [1, 0]" in str(ending.reason)


def test_all_workers_end_alike_when_time_is_over_for_one(tmp_path: Path) -> None:
    def limited(world: World) -> list[EpochEnd | Ending]:
        trial = {"timeout_seconds": 1e-3 if world.rank == 1 else 1000.0}
        return attempt(world, {"objective": "cross_entropy"}, str(tmp_path), None, 9, trial)

    for [ending] in run_workers(2, limited):
        assert isinstance(ending, Ending)
        assert ending.outcome is Outcome.TIMED_OUT


def test_all_workers_see_the_same_divergence(tmp_path: Path) -> None:
    fields = {"objective": "cross_entropy", "learning_rate": 1e30}
    endings = [advances[-1] for advances in run_workers(2, attempt, fields, str(tmp_path), None, 9, {})]
    assert [ending.outcome for ending in endings if isinstance(ending, Ending)] == [Outcome.DIVERGED] * 2
