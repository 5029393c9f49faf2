"""Matched arms cost the same when their trials have really run, as the plan of a sweep gives them out."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from fakes.encoder_clock import encoder_clock

from search_spaces.outcomes import Outcome
from search_spaces.presets import digits_smoke
from search_spaces.presets.vary import vary
from service.search.designs import plan_trials
from trainers.run_trial import EpochEnd, run_trial

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def _last_epochs(folder: Path, **design: Any) -> dict[str, EpochEnd]:
    """Arm → the last epoch of its trial at the first point of the design."""
    batch_size = {"kind": "choice", "values": [32]}
    spec = vary(digits_smoke(), design={"configurations": 1, **design}, shared={"batch_size": batch_size})
    found = {}
    for trial in plan_trials(spec):
        steps: list[EpochEnd] = []
        with encoder_clock() as now:
            ending = run_trial(
                trial.config, spec.dataset, spec.evaluation, folder=folder / trial.arm, now=now, on_epoch=steps.append
            )
        assert ending.outcome is Outcome.COMPLETED, ending.reason
        found[trial.arm] = steps[-1]
    return found


def test_matching_image_passes_equalises_what_goes_through_the_encoder(tmp_path: Path) -> None:
    ends = _last_epochs(tmp_path, match="image_passes")
    passes = {arm: end.image_passes for arm, end in ends.items()}
    epoch_of_one_view = passes["cross_entropy"] / ends["cross_entropy"].step
    assert abs(passes["supcon"] - passes["cross_entropy"]) <= epoch_of_one_view
    assert ends["cross_entropy"].step == 2 * ends["supcon"].step


def test_matching_device_seconds_equalises_the_time_of_training(tmp_path: Path) -> None:
    ends = _last_epochs(tmp_path, match="device_seconds", device_seconds=8.0)
    used = {arm: end.metrics["training_device_seconds"] for arm, end in ends.items()}
    assert used["supcon"] == pytest.approx(8.0, rel=0.02)
    assert used["cross_entropy"] == pytest.approx(used["supcon"], rel=0.02)
    assert ends["cross_entropy"].step > ends["supcon"].step
