"""The tests against textbook formulas and statsmodels."""

from collections.abc import Callable
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from service.robustness.pairs import PairedScores
from service.robustness.significance import PairedTest, correct_for_multiplicity, exact_mcnemar, pitman_morgan

ARMS = ("supcon", "cross_entropy")


def test_pitman_morgan_is_the_t_test_of_the_variance_ratio(make_table: Callable[..., PairedScores]) -> None:
    generator = np.random.default_rng(1)
    first = generator.normal(size=20)
    second = 0.5 * first + 2 * generator.normal(size=20)
    ratio, correlation = np.var(first) / np.var(second), np.corrcoef(first, second)[0, 1]
    statistic = (ratio - 1) * np.sqrt(18) / (2 * np.sqrt(ratio * (1 - correlation**2)))
    expected = 2 * t.sf(abs(statistic), df=18)
    assert pitman_morgan(ARMS, make_table(first, second)).p_value == pytest.approx(expected)


@pytest.mark.parametrize(
    ("first", "second"), [([1, 2, 3, 4], [1, 2, 3, 4]), ([1, 2, 3, 4], [4, 3, 2, 1]), ([1, 1], [0, 2])]
)
def test_pitman_morgan_says_why_it_has_no_answer(
    first: list[float], second: list[float], make_table: Callable[..., PairedScores]
) -> None:
    test = pitman_morgan(ARMS, make_table(first, second))
    assert test.p_value is None
    assert test.reason


def test_mcnemar_is_the_binomial_tail_of_the_discordant_pairs(make_table: Callable[..., PairedScores]) -> None:
    failed_a, failed_b = [1] * 7 + [0] * 2 + [1] * 3, [0] * 7 + [1] * 2 + [1] * 3
    expected = 2 * sum(comb(9, k) for k in range(3)) / 2**9
    assert exact_mcnemar(ARMS, make_table([0] * 12, [0] * 12, failed_a, failed_b)).p_value == pytest.approx(expected)


@pytest.mark.parametrize(("only_a", "only_b"), [(1, 0), (0, 4), (3, 3), (2, 9), (40, 25)])
def test_mcnemar_is_that_of_statsmodels(only_a: int, only_b: int, make_table: Callable[..., PairedScores]) -> None:
    pairs = only_a + only_b
    table = make_table([0] * pairs, [0] * pairs, [1] * only_a + [0] * only_b, [0] * only_a + [1] * only_b)
    expected = mcnemar([[0, only_a], [only_b, 0]], exact=True).pvalue
    assert exact_mcnemar(ARMS, table).p_value == pytest.approx(expected)


def test_mcnemar_without_discordant_pairs_says_so(make_table: Callable[..., PairedScores]) -> None:
    test = exact_mcnemar(ARMS, make_table([0, 0], [0, 0], [1, 0], [1, 0]))
    assert (test.p_value, test.reason) == (None, "no configuration failed for one arm alone")


def test_holm_multiplies_the_smallest_by_all_and_never_falls() -> None:
    tests = [made(0.04), made(0.01), made(None), made(0.03)]
    corrected = [test.p_holm for test in correct_for_multiplicity(tests)]
    assert corrected == [pytest.approx(0.06), pytest.approx(0.03), None, pytest.approx(0.06)]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_is_that_of_statsmodels(p_values: list[float]) -> None:
    corrected = [test.p_holm for test in correct_for_multiplicity([made(p) for p in p_values])]
    assert corrected == pytest.approx(multipletests(p_values, method="holm")[1].tolist())


def test_holm_of_no_p_values_changes_nothing() -> None:
    assert correct_for_multiplicity([made(None)]) == (made(None),)
    assert correct_for_multiplicity([]) == ()


def made(p_value: float | None) -> PairedTest:
    return PairedTest(arms=ARMS, name="any", hypothesis="none", pairs=9, p_value=p_value)
