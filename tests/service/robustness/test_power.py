"""The simulated power against the table of the design pages, against the report's own interval, and by its shape."""

import numpy as np
import pytest

from service.robustness import bootstrap, power
from service.robustness.bootstrap import bca_estimate
from service.robustness.power import power_of
from service.robustness.spread import log_sd_ratio

TABLE = {16: 0.34, 32: 0.50, 64: 0.58, 128: 0.86, 256: 0.99}
"""Share of paired sweeps that found a true SD ratio of 1.5, by pairs (shared/design/robustness.md)."""


@pytest.mark.parametrize(("pairs", "measured"), TABLE.items())
def test_power_comes_close_to_what_was_measured_before(pairs: int, measured: float) -> None:
    assert power_of(pairs).at_reference == pytest.approx(measured, abs=0.05)


def test_interval_is_the_one_of_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "RESAMPLES", 4000)
    monkeypatch.setattr(power, "RESAMPLES", 4000)
    generator = np.random.default_rng(1)
    regrets_a, regrets_b = generator.gamma(1.0, size=(2, 5, 40))
    weights = generator.multinomial(40, np.full(40, 1 / 40), size=4000).T.astype(float)
    ours = power._low_ends(regrets_a, regrets_b, weights)
    theirs = [bca_estimate(log_sd_ratio, a, b, seed=0).low for a, b in zip(regrets_a, regrets_b, strict=True)]
    assert ours == pytest.approx(theirs, abs=0.04)


def test_moments_of_a_resample_are_those_of_its_listed_scores() -> None:
    regrets = np.random.default_rng(0).gamma(1.0, size=(1, 6))
    drawn = np.array([0, 0, 2, 5, 5, 5])
    weights = np.bincount(drawn, minlength=6).astype(float)[:, None]
    assert power._resampled_sds(regrets, weights)[0, 0] == pytest.approx(regrets[0, drawn].std())


def test_spread_without_one_pair_is_that_of_the_others() -> None:
    regrets = np.random.default_rng(0).gamma(1.0, size=(2, 7))
    expected = [[np.log(np.delete(row, left_out).std()) for left_out in range(7)] for row in regrets]
    assert power._log_sds_without_one(regrets) == pytest.approx(np.array(expected))


def test_true_ratio_that_is_detectable_is_found_four_times_in_five() -> None:
    thresholds = power._thresholds(64)
    detectable = power_of(64).detectable_ratio
    assert detectable is not None
    assert np.mean(thresholds < np.log(detectable)) == pytest.approx(0.8, abs=0.001)


def test_difference_that_is_none_is_seldom_found() -> None:
    # Of 2.5 % that a perfect interval would give, skewed scores make about six.
    assert np.mean(power._thresholds(128) < 0) < 0.08


def test_more_pairs_detect_smaller_differences() -> None:
    ratios = [power_of(pairs).detectable_ratio for pairs in (8, 32, 128, 1000)]
    assert ratios == sorted(ratios, reverse=True)
    assert 1 < ratios[-1] < 1.25


def test_too_few_pairs_for_an_interval_find_nothing() -> None:
    few = power_of(4)
    assert (few.at_reference, few.detectable_ratio) == (0.0, None)
