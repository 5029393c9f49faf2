"""Domains: every draw is a legal value, both ends can be drawn, and impossible ranges are refused."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from search_spaces.domains import ChoiceDomain, FloatDomain, IntDomain

units = st.floats(0, 1, exclude_max=True)


@given(units, st.floats(1e-6, 1e3), st.floats(1e-3, 1e3), st.booleans())
def test_float_draw_lies_within_both_ends(unit: float, low: float, width: float, log: bool) -> None:
    domain = FloatDomain(kind="float", low=low, high=low + width, log=log)
    assert low <= domain.value_at(unit) <= low + width


@given(units, st.integers(1, 50), st.integers(1, 50), st.booleans())
def test_int_draw_lies_within_both_ends(unit: float, low: int, width: int, log: bool) -> None:
    domain = IntDomain(kind="int", low=low, high=low + width, log=log)
    assert low <= domain.value_at(unit) <= low + width


def test_log_draw_is_even_in_the_logarithm() -> None:
    domain = FloatDomain(kind="float", low=0.01, high=100, log=True)
    assert domain.value_at(0.0) == pytest.approx(0.01)
    assert domain.value_at(0.5) == pytest.approx(1.0)
    assert domain.value_at(0.75) == pytest.approx(10.0)


def test_int_values_are_drawn_equally_often_ends_included() -> None:
    domain = IntDomain(kind="int", low=3, high=12)
    drawn = Counter(domain.value_at(index / 1000) for index in range(1000))
    assert drawn == dict.fromkeys(range(3, 13), 100)


def test_log_int_reaches_both_ends() -> None:
    domain = IntDomain(kind="int", low=1, high=64, log=True)
    assert domain.value_at(0.0) == 1
    assert domain.value_at(math.nextafter(1.0, 0.0)) == 64


def test_stepped_float_includes_high_despite_rounding() -> None:
    domain = FloatDomain(kind="float", low=0.1, high=0.7, step=0.2)
    assert [domain.at(index) for index in range(domain.size() or 0)] == pytest.approx([0.1, 0.3, 0.5, 0.7])
    assert domain.value_at(0.999) == pytest.approx(0.7)


def test_choice_gives_every_value_an_equal_part() -> None:
    domain = ChoiceDomain(kind="choice", values=["a", None, 3])
    assert [domain.value_at(unit) for unit in (0.0, 0.4, 0.99)] == ["a", None, 3]


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"low": 1, "high": 1}, "low must be < high, got low=1.0, high=1.0"),
        ({"low": 2, "high": 1}, "low must be < high"),
        ({"low": 0, "high": 1, "log": True}, "a log domain needs low > 0, got low=0.0"),
        ({"low": 1, "high": 2, "log": True, "step": 0.1}, "step and log exclude each other"),
        ({"low": 1, "high": 2, "step": 0}, "step does not fit the range, got step=0.0"),
        ({"low": 1, "high": 2, "step": 5}, "step does not fit the range"),
        ({"low": 1, "high": 1e308, "step": 1e-300}, "step is too small for the range, got step=1e-300"),
        ({"low": 0, "high": 1, "step": 1e-17}, "accepted: a step that makes at most 2\\*\\*53"),
        ({"low": -1e308, "high": 1e308, "step": 1e307}, "step is too small for the range"),
        ({"low": float("nan"), "high": 2}, "finite"),
        ({"low": 1, "hihg": 2}, "did you mean high?"),
    ],
)
def test_impossible_range_is_refused(document: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValidationError, match=sentence.replace("?", r"\?").replace("(", r"\(")):
        FloatDomain.model_validate({"kind": "float", **document})


def test_repeated_choice_is_refused_but_equal_values_of_different_types_are_not() -> None:
    with pytest.raises(ValidationError, match="listed twice"):
        ChoiceDomain(kind="choice", values=[1, 2, 1])
    ChoiceDomain(kind="choice", values=[1, 1.0, True])


def test_whole_numbers_beyond_the_exact_floats_are_refused() -> None:
    with pytest.raises(ValidationError, match="less than or equal to 9007199254740992"):
        IntDomain(kind="int", low=1, high=10**400)
    assert IntDomain(kind="int", low=1, high=2**53).value_at(0.5) == 2**52 + 1


@given(st.floats(-5, 5), st.floats(1e-3, 2), st.integers(2, 40), st.floats(-5, 90))
def test_stepped_float_contains_its_listed_values_and_no_other(
    low: float, step: float, steps: int, other: float
) -> None:
    domain = FloatDomain(kind="float", low=low, high=low + steps * step, step=step)
    listed = [domain.at(index) for index in range(domain.size() or 0)]
    assert all(domain.contains(value) for value in listed)
    assert [domain.index_of(value) for value in listed] == list(range(len(listed)))
    assert domain.contains(other) == (other in listed)


@given(st.integers(-9, 9), st.integers(1, 30), st.integers(1, 5), st.integers(-20, 50) | st.floats(-20, 50))
def test_int_contains_its_listed_values_and_no_other(low: int, width: int, step: int, value: float) -> None:
    domain = IntDomain(kind="int", low=low, high=low + width, step=min(step, width))
    assert domain.contains(value) == (value in range(low, low + width + 1, min(step, width)))


@pytest.mark.parametrize("value", [None, "1", "a"])
def test_a_number_range_contains_nothing_but_numbers(value: str | None) -> None:
    assert not IntDomain(kind="int", low=0, high=9).contains(value)
    assert not FloatDomain(kind="float", low=0, high=9, step=1).contains(value)


def test_a_continuous_range_contains_everything_between_its_ends() -> None:
    domain = FloatDomain(kind="float", low=0, high=1)
    assert [domain.contains(value) for value in (0, 0.123, 1.0, 1.001)] == [True, True, True, False]
