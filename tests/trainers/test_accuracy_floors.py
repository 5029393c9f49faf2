"""Every objective learns real digits: a broken one falls far below its floor."""

from pathlib import Path
from typing import Any

import pytest

from search_spaces.datasets import DatasetSpec
from search_spaces.objectives import Objective
from search_spaces.sweep_spec import Evaluation
from search_spaces.trial_config import TrialConfig
from trainers.run_trial import run_trial

FLOORS: dict[str, tuple[dict[str, Any], float]] = {
    "supcon": ({}, 0.93),
    "supcon_in": ({}, 0.93),
    "simclr": ({}, 0.85),
    "cross_entropy": ({}, 0.85),
    "triplet": ({}, 0.95),
    "n_pairs": ({}, 0.90),
    # Its margin sets in over the whole run: six epochs are too few (.70 … .86).
    "max_margin": ({"epochs": 15}, 0.93),
    "soft_nearest_neighbour": ({}, 0.95),
    "supcon with a queue": ({"objective": "supcon", "queue_size": 1024, "key_momentum": 0.9}, 0.93),
    "cross_entropy on mixed images": (
        {"objective": "cross_entropy", "mixup_alpha": 0.2, "cutmix_alpha": 1.0},
        0.88,
    ),
}
"""Changes of the configuration, and validation top-1 after six epochs; guessing scores 0.1."""


def test_no_objective_is_left_out() -> None:
    assert {name.value for name in Objective} <= set(FLOORS)


@pytest.mark.slow
@pytest.mark.parametrize("name", FLOORS)
def test_a_short_training_reaches_the_floor(name: str, tmp_path: Path) -> None:
    changes, floor = FLOORS[name]
    config = TrialConfig.model_validate(
        {"objective": name.split(maxsplit=1)[0], "epochs": 6, "batch_size": 128, **changes}
    )
    ending = run_trial(config, DatasetSpec(name="digits"), Evaluation(), folder=tmp_path, on_epoch=lambda end: None)
    assert ending.scores["val_top1"] >= floor, ending
