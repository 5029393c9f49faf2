"""Trials that train for device-seconds: their schedule follows the clock, through restarts and on several workers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from fakes.encoder_clock import encoder_clock
from fakes.workers import run_workers

from search_spaces.datasets import DatasetSpec
from search_spaces.outcomes import Outcome
from search_spaces.sweep_spec import Evaluation
from search_spaces.trial_config import TrialConfig
from trainers.allowance import Allowance
from trainers.clock import Clock
from trainers.datasets.labelled import InMemoryImages
from trainers.distributed import ALONE, World
from trainers.loop import Training, train_epoch
from trainers.optimizers.schedules import learning_rate_factor, make_allowance_scheduler
from trainers.run_trial import Ending, EpochEnd, TrialRun, run_trial

CPU = torch.device("cpu")
DIGITS = DatasetSpec(name="digits")
USED = "training_device_seconds"
STEP_SECONDS = 2 * 128 / 1000
"""What two views of a batch take by the encoder's clock."""


class TickingClock:
    """A second passes each time somebody looks."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 1
        return self.seconds


def _allowance(device_seconds: float = 10, warmup_share: float = 0.2) -> Allowance:
    return Allowance(device_seconds, warmup_share, ALONE, CPU)


def _spend(allowance: Allowance, seconds: float) -> None:
    hand = iter([0.0, 0.0, seconds])
    allowance.begin(Clock(2, None, now=lambda: next(hand)))
    allowance.count_step()


def test_what_is_used_is_seconds_times_devices_over_all_epochs() -> None:
    allowance = _allowance()
    _spend(allowance, 1.5)
    assert (allowance.used, allowance.used_share, allowance.is_used_up) == (3.0, 0.3, False)
    _spend(allowance, 3.5)
    assert (allowance.used, allowance.is_used_up) == (10.0, True)


def test_the_rate_follows_the_used_share_through_warm_up_and_decay() -> None:
    allowance = _allowance(device_seconds=10, warmup_share=0.2)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler = make_allowance_scheduler(optimizer, "cosine", allowance)
    rates = [scheduler.get_last_lr()[0]]
    for _ in range(5):
        _spend(allowance, 1)
        optimizer.step()
        scheduler.step()
        rates.append(scheduler.get_last_lr()[0])
    assert rates[0] == pytest.approx(1 / 201)
    assert rates[1:] == pytest.approx([learning_rate_factor("cosine", share, 10, 2) for share in (2, 4, 6, 8, 10)])


def test_an_epoch_is_cut_where_the_allowance_ends_and_takes_a_step_at_least(
    make_training: Callable[..., Training], nine_images: InMemoryImages
) -> None:
    for device_seconds, passes in [(0.5, 2 * 3), (2, 2 * 6), (10**6, 2 * 9)]:
        training = make_training(batch_size=3)
        training.allowance = _allowance(device_seconds)
        metrics = train_epoch(training, nine_images, Clock(1, None, now=TickingClock()))
        assert training.image_passes == passes
        assert training.epochs_done == 1
        assert metrics[USED] == training.allowance.used


def _run(folder: Path, steps: list[EpochEnd], trial: dict[str, Any] | None = None, **fields: Any) -> Ending:
    config = TrialConfig.model_validate({"objective": "supcon", "batch_size": 128, "epochs": 10, **fields})
    options = {"folder": folder, "on_epoch": steps.append, **(trial or {})}
    return run_trial(config, DIGITS, Evaluation(), **options)


def test_both_arms_train_for_the_same_device_seconds_and_not_the_same_epochs(tmp_path: Path) -> None:
    used, epochs = {}, {}
    for objective in ("supcon", "cross_entropy"):
        steps: list[EpochEnd] = []
        with encoder_clock() as now:
            ending = _run(tmp_path / objective, steps, {"now": now}, objective=objective, device_seconds=12.0)
        assert ending.outcome is Outcome.COMPLETED
        assert sum("val_top1" in step.metrics for step in steps) == min(5, len(steps))
        assert "val_top1" in steps[-1].metrics
        used[objective], epochs[objective] = steps[-1].metrics[USED], len(steps)
    assert 12.0 <= used["supcon"] <= 12.0 + STEP_SECONDS
    assert 12.0 <= used["cross_entropy"] <= 12.0 + STEP_SECONDS
    assert epochs["cross_entropy"] > epochs["supcon"]


@pytest.mark.slow
def test_a_trial_that_goes_on_trains_only_what_is_left(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    steps: list[EpochEnd] = []

    def stop(step: EpochEnd) -> None:
        steps.append(step)
        if len(steps) == 2:
            raise Stop

    later: list[EpochEnd] = []
    with encoder_clock() as now:
        options = {"now": now, "checkpoint_seconds": 0.0}
        with pytest.raises(Stop):
            _run(tmp_path, steps, {**options, "on_epoch": stop}, device_seconds=12.0)
        ending = _run(tmp_path, later, {**options, "checkpoint": steps[-1].checkpoint}, device_seconds=12.0)
    assert ending.outcome is Outcome.COMPLETED
    assert steps[-1].metrics[USED] < later[0].metrics[USED]
    assert 12.0 <= later[-1].metrics[USED] <= 12.0 + STEP_SECONDS
    assert later[0].metrics["learning_rate"] < steps[-1].metrics["learning_rate"]


def _train_alike(world: World, folder: str) -> list[dict[str, float]]:
    config = TrialConfig.model_validate(
        {"objective": "supcon", "batch_size": 16, "augmentation": "none", "epochs": 10, "device_seconds": 8.0}
    )
    run = TrialRun(config, DIGITS, Evaluation(), folder=Path(folder), devices=2.0, world=world)
    metrics = []
    while isinstance(advance := run.advance(), EpochEnd):
        metrics.append({name: advance.metrics[name] for name in (USED, "learning_rate", "train_loss")})
    assert advance.outcome is Outcome.COMPLETED, advance.reason
    return metrics


@pytest.mark.slow
def test_two_workers_decide_alike(tmp_path: Path) -> None:
    one, other = run_workers(2, _train_alike, str(tmp_path))
    assert one == other
    assert one[-1][USED] == pytest.approx(8.0, rel=0.1)
