"""How numbers are written."""

import math

import pytest

from service.robustness.estimates import Estimate
from service.robustness.wording import count, difference, number, p_value, ratio, with_interval


def test_a_missing_number_is_a_dash() -> None:
    assert number(None, 2) == "–"
    assert ratio(Estimate(value=None)) == "–"


def test_an_estimate_without_interval_is_its_value() -> None:
    assert with_interval(Estimate(value=0.5)) == "0.50"
    assert with_interval(Estimate(value=0.5, low=0.4, high=0.6)) == "0.50 [0.40, 0.60]"


def test_differences_carry_their_signs() -> None:
    assert difference(Estimate(value=0.1, low=-0.2, high=0.4)) == "+0.10 [−0.20, +0.40]"


def test_log_ratios_are_written_as_ratios() -> None:
    assert ratio(Estimate(value=math.log(0.5), low=math.log(0.25), high=0.0)) == "0.50 [0.25, 1.00]"


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (0.0321, "0.032"), (1.0, "1"), (3e-9, "below 0.0001")])
def test_a_p_value_is_never_nought(value: float | None, text: str) -> None:
    assert p_value(value) == text


def test_one_is_singular() -> None:
    assert [count(amount, "pair") for amount in (0, 1, 2)] == ["0 pairs", "1 pair", "2 pairs"]
