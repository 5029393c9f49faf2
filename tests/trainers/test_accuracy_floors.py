"""Every objective learns real digits: a broken one falls far below its floor."""

from pathlib import Path

import pytest

from search_spaces.datasets import DatasetSpec
from search_spaces.sweep_spec import Evaluation
from search_spaces.trial_config import TrialConfig
from trainers.run_trial import run_trial

FLOORS = {"supcon": 0.93, "supcon_in": 0.93, "simclr": 0.85, "cross_entropy": 0.85}
"""Validation top-1 after six epochs; guessing scores 0.1."""


@pytest.mark.slow
@pytest.mark.parametrize("objective", FLOORS)
def test_six_epochs_reach_the_floor(objective: str, tmp_path: Path) -> None:
    config = TrialConfig.model_validate({"objective": objective, "epochs": 6, "batch_size": 128})
    ending = run_trial(config, DatasetSpec(name="digits"), Evaluation(), folder=tmp_path, on_epoch=lambda end: None)
    assert ending.scores["val_top1"] >= FLOORS[objective], ending
