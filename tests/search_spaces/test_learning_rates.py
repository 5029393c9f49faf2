"""The centre of the learning rate: documented for every objective × optimizer, linear in the batch."""

from typing import get_args

import pytest

from search_spaces.learning_rates import first_probe_learning_rate, peak_learning_rate, reference_learning_rate
from search_spaces.objectives import Objective
from search_spaces.trial_config import Optimizer, TrialConfig


@pytest.mark.parametrize("optimizer", get_args(Optimizer))
@pytest.mark.parametrize("objective", Objective)
def test_every_pair_has_a_reference(objective: Objective, optimizer: Optimizer) -> None:
    assert reference_learning_rate(objective, optimizer, "resnet50") > 0


def test_small_encoder_takes_larger_lars_steps_than_the_released_run() -> None:
    assert reference_learning_rate(Objective.SUPCON, "lars", "resnet50") == 0.4
    assert reference_learning_rate(Objective.SUPCON, "lars", "tiny_resnet") == 4.0


@pytest.mark.parametrize(
    ("objective", "optimizer", "rate"),
    [
        ("supcon", "sgd", 0.5),
        ("supcon_in", "lars", 0.4),
        ("simclr", "sgd", 0.5),
        ("simclr", "lars", 0.3),
        ("cross_entropy", "nesterov", 0.1),
        ("max_margin", "sgd", 0.1),
        ("n_pairs", "sgd", 0.1),
    ],
)
def test_rates_are_those_of_the_released_runs(objective: str, optimizer: Optimizer, rate: float) -> None:
    assert reference_learning_rate(Objective(objective), optimizer, "resnet50") == rate


@pytest.mark.parametrize(
    ("fields", "rate"),
    [
        ({}, 2.5),
        ({"probe_batch_size": 512}, 5.0),
        ({"probe_optimizer": "rmsprop"}, 2.5),
        ({"probe_learning_rate": 0.3, "probe_batch_size": 512}, 0.3),
    ],
)
def test_probe_starts_at_the_released_rate_for_its_batch_or_at_the_given_one(
    fields: dict[str, object], rate: float
) -> None:
    config = TrialConfig.model_validate({"objective": "supcon", **fields})
    assert first_probe_learning_rate(config) == pytest.approx(rate)


def test_reference_scales_with_batch_and_multiplier() -> None:
    config = TrialConfig(objective=Objective.SUPCON, batch_size=128, learning_rate_multiplier=3.0)
    assert peak_learning_rate(config) == pytest.approx(0.5 * 128 / 256 * 3.0)


def test_given_rate_is_not_scaled_with_the_batch() -> None:
    config = TrialConfig(objective=Objective.SUPCON, batch_size=128, learning_rate=0.2, learning_rate_multiplier=2.0)
    assert peak_learning_rate(config) == pytest.approx(0.4)
