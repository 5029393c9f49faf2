"""How numbers are written for people: in verdicts, tables and plots alike."""

import math

from service.robustness.estimates import Estimate

NO_NUMBER = "–"


def number(value: float | None, digits: int) -> str:
    """The value with so many decimals."""
    return NO_NUMBER if value is None else f"{value:.{digits}f}".replace("-", "−")


def signed(value: float | None, digits: int) -> str:
    """The value with its sign and so many decimals."""
    return NO_NUMBER if value is None else f"{value:+.{digits}f}".replace("-", "−")


def percent(value: float | None) -> str:
    """A share as a whole percentage."""
    return NO_NUMBER if value is None else f"{value:.0%}"


def with_interval(estimate: Estimate, digits: int = 2) -> str:
    """The value and its interval."""
    return _bracketed(number(estimate.value, digits), number(estimate.low, digits), number(estimate.high, digits))


def difference(estimate: Estimate, digits: int = 2) -> str:
    """A difference and its interval, with signs."""
    return _bracketed(signed(estimate.value, digits), signed(estimate.low, digits), signed(estimate.high, digits))


def ratio(log_ratio: Estimate) -> str:
    """A ratio and its interval, back from their logarithms."""
    value, low, high = (
        None if end is None else math.exp(end) for end in (log_ratio.value, log_ratio.low, log_ratio.high)
    )
    return _bracketed(number(value, 2), number(low, 2), number(high, 2))


def p_value(value: float | None) -> str:
    """A p-value with two significant digits, never as 0."""
    if value is None:
        return NO_NUMBER
    return "below 0.0001" if value < 0.0001 else f"{value:.2g}"


def count(amount: int, noun: str) -> str:
    """An amount with its noun, in the plural where there is not exactly one."""
    return f"{amount} {noun}{'' if amount == 1 else 's'}"


def _bracketed(value: str, low: str, high: str) -> str:
    return value if NO_NUMBER in (low, high) else f"{value} [{low}, {high}]"
