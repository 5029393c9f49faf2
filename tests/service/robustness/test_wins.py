"""P(a > b) against counting, ties and unanimous tables included."""

import warnings
from collections.abc import Callable

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from service.robustness.pairs import PairedScores
from service.robustness.wins import share_of_wins, wins_of


def test_ties_count_half(make_table: Callable[..., PairedScores]) -> None:
    wins = wins_of(make_table([0.9, 0.8, 0.5, 0.7, 0.6], [0.8, 0.8, 0.6, 0.6, 0.6]), seed=0, sign=1)
    assert (wins.a_better, wins.b_better, wins.ties) == (2, 1, 2)
    assert wins.probability.value == pytest.approx((2 + 0.5 * 2) / 5)


def test_rounding_does_not_break_a_tie() -> None:
    assert share_of_wins(np.array([0.1 + 0.2]), np.array([0.3])) == 0.5


def test_the_share_of_wins_is_counted_along_the_last_axis() -> None:
    generator = np.random.default_rng(0)
    first, second = generator.integers(0, 3, (5, 7)), generator.integers(0, 3, (5, 7))
    counted = [
        sum(1.0 if a > b else 0.5 if a == b else 0.0 for a, b in zip(*rows, strict=True)) / 7
        for rows in zip(first, second, strict=True)
    ]
    assert share_of_wins(first, second, axis=-1).tolist() == pytest.approx(counted)


def test_a_unanimous_table_has_wilsons_interval(make_table: Callable[..., PairedScores]) -> None:
    wins = wins_of(make_table(np.arange(9) + 1.0, np.arange(9)), seed=0, sign=1)
    assert wins.probability.method == "Wilson"
    assert wins.probability.low == pytest.approx(proportion_confint(9, 9, method="wilson")[0])
    assert wins.probability.side_of(0.5) == 1


def test_all_ties_give_a_half_without_interval_or_warning(make_table: Callable[..., PairedScores]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wins = wins_of(make_table([0.5] * 8, [0.5] * 8), seed=0, sign=1)
    assert (wins.probability.value, wins.probability.low) == (0.5, None)


def test_the_mean_difference_of_losses_has_their_own_sign(make_table: Callable[..., PairedScores]) -> None:
    wins = wins_of(make_table([-0.2] * 3, [-0.5] * 3), seed=0, sign=-1)
    assert wins.a_better == 3
    assert wins.mean_difference.value == pytest.approx(0.2 - 0.5)
