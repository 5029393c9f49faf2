"""The paired bootstrap against a loop, and its answers where data are degenerate."""

import warnings

import numpy as np
import pytest
from scipy.stats import norm

from service.robustness import bootstrap
from service.robustness.bootstrap import bca_estimate, draw_pairs, percentile_estimate
from service.robustness.pairs import FloatArray
from service.robustness.wins import mean_difference


def test_draws_are_pairs_with_replacement_and_the_same_for_the_same_seed() -> None:
    draws = draw_pairs(7, seed=3)
    assert draws.shape == (bootstrap.RESAMPLES, 7)
    assert set(np.unique(draws)) == set(range(7))
    assert (draws == draw_pairs(7, seed=3)).all()
    assert (draws != draw_pairs(7, seed=4)).any()


def test_a_percentile_interval_holds_the_middle_of_the_resamples() -> None:
    estimate = percentile_estimate(0.5, np.arange(1001) / 1000, pairs=10)
    assert (estimate.value, estimate.low, estimate.high) == (0.5, pytest.approx(0.025), pytest.approx(0.975))


def test_a_bca_interval_is_that_of_efrons_formulas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "RESAMPLES", 10_000)
    generator = np.random.default_rng(5)
    first, second = generator.exponential(size=12), generator.normal(size=12)
    estimate = bca_estimate(mean_difference, first, second, seed=9)
    assert (estimate.low, estimate.high) == pytest.approx(slow_bca(first - second, seed=10), abs=0.03)
    assert estimate.value == pytest.approx(float(np.mean(first) - np.mean(second)))


def slow_bca(differences: FloatArray, seed: int) -> list[float]:
    """Efron 1987, in loops, for the mean of the differences."""
    generator = np.random.default_rng(seed)
    count = len(differences)
    resampled = sorted(sum(differences[i] for i in generator.integers(0, count, count)) / count for _ in range(20_000))
    bias = norm.ppf(np.mean([value < differences.mean() for value in resampled]))
    left_out = [np.mean([differences[j] for j in range(count) if j != i]) for i in range(count)]
    pull = np.mean(left_out) - np.array(left_out)
    acceleration = np.sum(pull**3) / (6 * np.sum(pull**2) ** 1.5)
    ends = []
    for share in (0.025, 0.975):
        shifted = bias + norm.ppf(share)
        ends.append(resampled[int(20_000 * norm.cdf(bias + shifted / (1 - acceleration * shifted)))])
    return ends


def test_too_few_pairs_give_a_value_and_a_reason() -> None:
    estimate = bca_estimate(mean_difference, np.arange(4.0), np.zeros(4), seed=0)
    assert estimate.value == 1.5
    assert estimate.low is None
    assert estimate.reason == "an interval needs at least 5 pairs, there are 4"


def test_degenerate_pairs_give_a_reason_and_no_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bca = bca_estimate(mean_difference, np.full(8, 0.9), np.full(8, 0.9), seed=0)
        shifted = bca_estimate(mean_difference, np.arange(8.0) + 1, np.arange(8.0), seed=0)
        percentile = percentile_estimate(0.0, np.zeros(100), pairs=8)
    assert (bca.value, bca.low, bca.reason) == (0.0, None, "the pairs vary too little for a bootstrap interval")
    assert (shifted.value, shifted.low) == (1.0, None)
    assert percentile.reason == "every resample gives the same value"
