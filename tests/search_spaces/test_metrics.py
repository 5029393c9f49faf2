"""What is said of the metrics."""

import pytest

from search_spaces.metrics import METRICS, SWEEP_METRICS


def test_a_sweep_is_scored_by_validation_metrics_that_guessing_does_badly_on() -> None:
    assert SWEEP_METRICS == ["val_top1", "val_top5", "val_nll", "val_brier"]
    assert all(METRICS[name].chance_level(10) > 0 for name in SWEEP_METRICS)


@pytest.mark.parametrize("name", ["val_ece", "test_ece_floor_scaled", "test_mce", "test_relative_mce"])
def test_a_score_that_guessing_is_good_at_has_no_chance_level(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} has no chance level; accepted: top1"):
        METRICS[name].chance_level(10)


def test_only_the_test_split_is_corrupted_or_scaled() -> None:
    val, test = ({name.partition("_")[2] for name in METRICS if name.startswith(split)} for split in ("val", "test"))
    assert {"nll_scaled", "brier_scaled", "ece_scaled", "ece_floor_scaled", "corruption_error"} < test - val
    assert val < test
