"""Spread figures against plain formulas, and the coverage of the SD ratio's interval."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.robustness import bootstrap
from service.robustness.pairs import PairedScores
from service.robustness.spread import cvar_regret, log_iqr_ratio, log_sd_ratio, spread_of


def test_each_figure_equals_its_plain_formula(make_table: Callable[..., PairedScores]) -> None:
    scores = [0.2, 0.5, 0.6, 0.7, 0.9]
    spread = spread_of(make_table(scores, scores[::-1]), seed=0, sign=1).a
    mean = sum(scores) / 5
    assert spread.mean == pytest.approx(mean)
    assert spread.median == 0.6
    assert spread.sd == pytest.approx((sum((score - mean) ** 2 for score in scores) / 4) ** 0.5)
    assert spread.iqr == pytest.approx(0.7 - 0.5)
    assert spread.mad == pytest.approx(0.1)
    assert spread.p10 == pytest.approx(0.2 + 0.4 * 0.3)


def test_cvar_is_the_mean_regret_of_the_worst_tenth() -> None:
    scores = np.arange(20) / 100
    assert cvar_regret(scores) == pytest.approx((0.19 + 0.18) / 2)


def test_cvar_counts_a_configuration_on_the_edge_by_the_part_inside() -> None:
    scores = np.arange(16) / 100
    assert cvar_regret(scores) == pytest.approx((0.15 + 0.6 * 0.14) / 1.6)


def test_cvar_of_few_configurations_is_their_worst_regret() -> None:
    assert cvar_regret(np.array([0.9, 0.4, 0.8])) == pytest.approx(0.5)


def test_the_tail_of_a_loss_is_its_high_end(make_table: Callable[..., PairedScores]) -> None:
    losses = np.arange(11) / 10
    assert spread_of(make_table(-losses, -losses), seed=0, sign=-1).a.p10 == pytest.approx(0.9)


def test_log_ratios_are_those_of_single_statistics_on_every_row() -> None:
    generator = np.random.default_rng(1)
    first, second = generator.normal(size=(6, 9)), 2 * generator.normal(size=(6, 9))
    sds = [np.log(np.std(a, ddof=1) / np.std(b, ddof=1)) for a, b in zip(first, second, strict=True)]
    iqrs = [
        np.log(np.subtract(*np.percentile(a, [75, 25])) / np.subtract(*np.percentile(b, [75, 25])))
        for a, b in zip(first, second, strict=True)
    ]
    assert log_sd_ratio(first, second, axis=-1) == pytest.approx(sds)
    assert log_iqr_ratio(first, second, axis=-1) == pytest.approx(iqrs)


def test_a_resample_in_which_neither_arm_varies_favours_neither() -> None:
    assert log_sd_ratio(np.ones((1, 4)), np.ones((1, 4)), axis=-1).tolist() == [0.0]


@pytest.mark.parametrize("flat", [[0.9] * 8, [0.1] * 8])
def test_an_arm_without_spread_has_no_ratio_and_no_warning(
    flat: list[float], make_table: Callable[..., PairedScores]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        spread = spread_of(make_table(flat, np.arange(8) / 10), seed=0, sign=1)
    assert spread.log_sd_ratio.value is None
    assert spread.log_sd_ratio.reason == "an arm has no spread, so there is no ratio"


def test_mostly_tied_scores_give_no_infinite_interval_and_no_warning(make_table: Callable[..., PairedScores]) -> None:
    tied = [0.9, 0.9, 0.9, 0.9, 0.9, 0.1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        spread = spread_of(make_table(tied, np.arange(6) / 10), seed=0, sign=1)
    assert spread.log_sd_ratio.value is not None
    assert spread.log_sd_ratio.low is None
    assert spread.log_iqr_ratio.value is None


def test_a_single_pair_has_no_spread(make_table: Callable[..., PairedScores]) -> None:
    spread = spread_of(make_table([0.9], [0.8]), seed=0, sign=1)
    assert spread.a.sd is None
    assert spread.log_sd_ratio.reason == "a single pair has no spread"


@settings(max_examples=15, deadline=None)
@given(counts=st.lists(st.integers(0, 10_000), min_size=6, max_size=20, unique=True), seed=st.integers(0, 100))
def test_exchanging_the_arms_flips_the_log_ratios(
    counts: list[int], seed: int, make_table: Callable[..., PairedScores]
) -> None:
    first = np.array(counts) / 100
    second = np.random.default_rng(seed).permutation(first) / 2
    there, back = (spread_of(make_table(*pair), seed=0, sign=1) for pair in ((first, second), (second, first)))
    assert there.log_sd_ratio.value == pytest.approx(-back.log_sd_ratio.value)
    assert there.a == back.b
    if there.log_sd_ratio.low is not None and back.log_sd_ratio.high is not None:
        assert there.log_sd_ratio.low == pytest.approx(-back.log_sd_ratio.high, abs=1e-6)


@pytest.mark.slow
def test_intervals_of_the_sd_ratio_cover_the_true_ratio_nearly_as_often_as_they_say(
    monkeypatch: pytest.MonkeyPatch, make_table: Callable[..., PairedScores]
) -> None:
    monkeypatch.setattr(bootstrap, "RESAMPLES", 1000)
    generator = np.random.default_rng(0)
    covered = []
    for _ in range(300):
        shared = generator.normal(size=64)
        first = 1.5 * (0.6 * shared + 0.8 * generator.normal(size=64))
        second = 0.6 * shared + 0.8 * generator.normal(size=64)
        ratio = spread_of(make_table(first, second), seed=1, sign=1).log_sd_ratio
        covered.append(ratio.low <= np.log(1.5) <= ratio.high)
    assert 0.91 <= np.mean(covered) <= 0.98
