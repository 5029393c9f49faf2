"""Calibration against loops, simulations and a fine search."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy

from trainers.evaluation.calibration import (
    HIGHEST_TEMPERATURE,
    LOWEST_TEMPERATURE,
    calibration_error,
    calibration_floor,
    confidences_and_hits,
    fit_temperature,
)


def loop_over_bins(confidences_N: NDArray[np.float64], is_right_N: NDArray[np.bool_]) -> float:
    error = 0.0
    for index in range(15):
        chosen_N = (confidences_N > index / 15) & (confidences_N <= (index + 1) / 15)
        if chosen_N.any():
            error += chosen_N.mean() * abs(is_right_N[chosen_N].mean() - confidences_N[chosen_N].mean())
    return error


def some_confidences(images: int, sharpness: float) -> NDArray[np.float64]:
    """The largest of ten shares: over many bins, or crowded near 1."""
    return np.random.default_rng(images).dirichlet(np.full(10, 1 / sharpness), size=images).max(axis=1)


@pytest.mark.parametrize(("images", "sharpness"), [(1, 1.0), (40, 5.0), (3000, 20.0)])
def test_calibration_error_equals_a_loop_over_bins(images: int, sharpness: float) -> None:
    confidences_N = some_confidences(images, sharpness)
    is_right_N = np.random.default_rng(0).random(images) < 0.7
    found = calibration_error(torch.from_numpy(confidences_N), torch.from_numpy(is_right_N))
    assert found == pytest.approx(loop_over_bins(confidences_N, is_right_N), rel=1e-12)


def test_a_bin_holds_its_upper_end() -> None:
    # 3/15 is the upper end of the third bin: with 0.19, both half right, their gaps cancel to half their sum.
    confidences_N, is_right_N = torch.tensor([3 / 15, 0.19], dtype=torch.float64), torch.tensor([True, False])
    assert calibration_error(confidences_N, is_right_N) == pytest.approx((1 - 3 / 15 - 0.19) / 2)


@pytest.mark.parametrize(("images", "sharpness"), [(20, 5.0), (360, 5.0), (360, 100.0), (10_000, 10.0)])
def test_the_floor_is_the_mean_error_of_simulated_calibrated_models(images: int, sharpness: float) -> None:
    confidences_N = some_confidences(images, sharpness)
    draws = np.random.default_rng(1)
    errors = [loop_over_bins(confidences_N, draws.random(images) < confidences_N) for _ in range(600)]
    found = calibration_floor(torch.from_numpy(confidences_N))
    standard_error = np.std(errors) / math.sqrt(len(errors))
    # Equal confidences within a bin overstate the deviation a little.
    assert np.mean(errors) - 3 * standard_error <= found <= 1.02 * np.mean(errors) + 3 * standard_error


def test_the_floor_of_equal_confidences_is_exact() -> None:
    confidences_N = torch.full((7,), 0.4, dtype=torch.float64)
    expected = sum(math.comb(7, k) * 0.4**k * 0.6 ** (7 - k) * abs(k - 2.8) for k in range(8)) / 7
    assert calibration_floor(confidences_N) == pytest.approx(expected, rel=1e-12)


def test_certainty_has_no_floor() -> None:
    assert calibration_floor(torch.ones(100, dtype=torch.float64)) == 0


def test_a_calibrated_model_errs_by_about_its_floor_and_shrinks_with_images() -> None:
    few, many = (calibration_floor(torch.from_numpy(some_confidences(images, 5.0))) for images in (1000, 100_000))
    assert few == pytest.approx(10 * many, rel=0.1)


def overconfident(factor: float) -> tuple[Tensor, Tensor]:
    """Logits by which labels are drawn, times a factor."""
    generator = torch.Generator().manual_seed(0)
    logits_NK = 2 * torch.randn(2000, 5, generator=generator, dtype=torch.float64)
    labels_N = torch.multinomial(logits_NK.softmax(dim=1), 1, generator=generator)[:, 0]
    return factor * logits_NK, labels_N


@pytest.mark.parametrize("factor", [0.2, 1.0, 7.0])
def test_the_temperature_undoes_a_factor_and_has_the_smallest_loss(factor: float) -> None:
    logits_NK, labels_N = overconfident(factor)
    temperature = fit_temperature(logits_NK, labels_N)
    assert temperature == pytest.approx(factor, rel=0.1)
    best = cross_entropy(logits_NK / temperature, labels_N)
    for other in np.geomspace(LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE, 2000):
        assert cross_entropy(logits_NK / other, labels_N) >= best


def test_the_temperature_scales_with_the_logits() -> None:
    logits_NK, labels_N = overconfident(1.0)
    assert fit_temperature(3 * logits_NK, labels_N) == pytest.approx(3 * fit_temperature(logits_NK, labels_N), rel=1e-9)


def test_separable_and_contrary_logits_end_at_the_bounds() -> None:
    logits_NK, labels_N = torch.eye(3)[[0, 1, 2, 0]], torch.tensor([0, 1, 2, 0])
    assert fit_temperature(logits_NK, labels_N) == pytest.approx(LOWEST_TEMPERATURE)
    assert fit_temperature(-logits_NK, labels_N) == pytest.approx(HIGHEST_TEMPERATURE)


def test_confidence_is_that_of_the_likeliest_class_and_ties_go_to_the_lower() -> None:
    logits_NK = torch.tensor([[0.0, math.log(3)], [5.0, 5.0]])
    confidences_N, is_right_N = confidences_and_hits(logits_NK, torch.tensor([1, 1]))
    assert confidences_N.tolist() == pytest.approx([0.75, 0.5])
    assert is_right_N.tolist() == [True, False]


def test_nan_logits_are_not_hidden() -> None:
    confidences_N, is_right_N = confidences_and_hits(torch.full((4, 3), math.nan), torch.zeros(4, dtype=torch.int64))
    assert math.isnan(calibration_error(confidences_N, is_right_N))
