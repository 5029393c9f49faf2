"""What one factor may be drawn from: `float`, `int` and `choice` domains, each with a condition.

Both ends of a range are inclusive. `value_at(unit)` maps a point of the unit interval onto the
domain, which is how a Sobol point becomes a configuration.
"""

import math
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictFloat, StrictInt, StrictStr, model_validator

from search_spaces.vocabulary import Vocabulary, refusal

Scalar = StrictBool | StrictInt | StrictFloat | StrictStr | None
MOST_STEPS = 2**53
"""Most values of a stepped range, and the largest whole number of one: beyond, neighbours share a float."""

MOST_VALUES = 1000
"""Of one choice, or of one factor in a condition."""

Condition = Annotated[
    dict[str, Annotated[list[Scalar], Field(min_length=1, max_length=MOST_VALUES)]], Field(max_length=50)
]


class Conditional(Vocabulary):
    """The part that every domain has."""

    when: Condition | None = Field(
        default=None,
        description="Drawn only while each named factor has a listed value; else the arm's base value holds.",
    )

    def listed(self) -> int:
        """How many values are written out, in it and in its condition."""
        return sum(map(len, (self.when or {}).values()))


class FloatDomain(Conditional):
    """Real numbers in [low, high], evenly in the value or, with `log`, in its logarithm."""

    kind: Literal["float"]
    low: float = Field(description="Smallest value, inclusive.")
    high: float = Field(description="Largest value, inclusive; greater than low.")
    log: bool = Field(default=False, description="Draw evenly in the logarithm; low must be > 0.")
    step: float | None = Field(default=None, description="Grid width counted from low; > 0; not with log.")

    @model_validator(mode="after")
    def _check_range(self) -> Self:
        _check_range(self)
        return self

    def value_at(self, unit: float) -> float:
        """The value at quantile `unit` in [0, 1) of this domain."""
        if self.step is not None:
            return self.at(_bin(unit, self.size() or 1))
        if not self.log:
            return self.low + unit * (self.high - self.low)
        value = math.exp(math.log(self.low) + unit * (math.log(self.high) - math.log(self.low)))
        return min(max(value, self.low), self.high)

    def size(self) -> int | None:
        """How many values the domain has; None when it is continuous."""
        if self.step is None:
            return None
        # The tolerance keeps `high` in when (high - low) / step is whole but for rounding.
        return math.floor((self.high - self.low) / self.step + 1e-9) + 1

    def at(self, index: int) -> float:
        """The value with this index, counted from 0 at low; only with a step."""
        assert self.step is not None, "a continuous domain has no indices"
        return min(self.low + index * self.step, self.high)

    def index_of(self, value: float) -> int:
        """The index of the stepped value nearest to `value`; only with a step."""
        assert self.step is not None, "a continuous domain has no indices"
        return round((value - self.low) / self.step)

    def contains(self, value: Scalar) -> bool:
        """Whether `value` is one that a draw may give."""
        if not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        return self.step is None or self.at(self.index_of(value)) == value

    def extremes(self) -> list[Scalar]:
        """The values whose legality decides that of every value between them."""
        return [self.low, self.high]


class IntDomain(Conditional):
    """Whole numbers low … high, both inclusive."""

    kind: Literal["int"]
    low: int = Field(ge=-MOST_STEPS, description="Smallest value, inclusive.")
    high: int = Field(le=MOST_STEPS, description="Largest value, inclusive; greater than low.")
    log: bool = Field(default=False, description="Draw evenly in the logarithm; low must be > 0.")
    step: int | None = Field(default=None, description="Grid width counted from low; > 0; not with log.")

    @model_validator(mode="after")
    def _check_range(self) -> Self:
        _check_range(self)
        return self

    def value_at(self, unit: float) -> int:
        """The value at quantile `unit` in [0, 1) of this domain."""
        if not self.log:
            return self.at(_bin(unit, self.size()))
        # Half a unit beyond either end gives the ends their full share of the logarithm.
        low, high = math.log(self.low - 0.5), math.log(self.high + 0.5)
        return min(max(round(math.exp(low + unit * (high - low))), self.low), self.high)

    def size(self) -> int:
        """How many values the domain has."""
        return (self.high - self.low) // (self.step or 1) + 1

    def at(self, index: int) -> int:
        """The value with this index, counted from 0 at low."""
        return self.low + index * (self.step or 1)

    def contains(self, value: Scalar) -> bool:
        """Whether `value` is one that a draw may give."""
        if not isinstance(value, int | float) or not self.low <= value <= self.high:
            return False
        # Compared first: a tiny fraction would be lost in the difference.
        return value == int(value) and (int(value) - self.low) % (self.step or 1) == 0

    def extremes(self) -> list[Scalar]:
        """The values whose legality decides that of every value between them."""
        return [self.low, self.high]


class ChoiceDomain(Conditional):
    """One of the listed values."""

    kind: Literal["choice"]
    values: list[Scalar] = Field(min_length=1, max_length=MOST_VALUES, description="The values, all different.")

    @model_validator(mode="after")
    def _check_values(self) -> Self:
        # 1, 1.0 and True are equal to Python but not to a reader.
        keys = [(type(value).__name__, value) for value in self.values]
        if len(set(keys)) < len(keys):
            raise refusal("a value is listed twice", at=["values"], value=self.values, accepted="different values")
        return self

    def listed(self) -> int:
        """How many values are written out, in it and in its condition."""
        return len(self.values) + super().listed()

    def value_at(self, unit: float) -> Scalar:
        """The value at quantile `unit` in [0, 1) of this domain."""
        return self.at(_bin(unit, len(self.values)))

    def size(self) -> int:
        """How many values the domain has."""
        return len(self.values)

    def at(self, index: int) -> Scalar:
        """The value with this index, as listed."""
        return self.values[index]

    def contains(self, value: Scalar) -> bool:
        """Whether `value` is one that a draw may give."""
        return value in self.values

    def extremes(self) -> list[Scalar]:
        """The values whose legality decides that of the whole domain."""
        return list(self.values)


Domain = Annotated[FloatDomain | IntDomain | ChoiceDomain, Field(discriminator="kind")]


def _bin(unit: float, bins: int) -> int:
    """Which of `bins` equal parts of [0, 1) holds `unit`."""
    return min(int(unit * bins), bins - 1)


def _check_range(domain: FloatDomain | IntDomain) -> None:
    low, high, step = domain.low, domain.high, domain.step
    if not low < high:
        raise refusal(f"low must be < high, got {low=}, {high=}", at=["high"], value=high, accepted=f"> {low}")
    if domain.log and low <= 0:
        raise refusal(f"a log domain needs low > 0, got {low=}", at=["low"], value=low, accepted="> 0")
    if step is not None and domain.log:
        raise refusal(f"step and log exclude each other, got {step=}", at=["step"], value=step, accepted="no step")
    if step is not None and not 0 < step <= high - low:
        accepted = f"> 0 and at most high - low = {high - low}"
        raise refusal(f"step does not fit the range, got {step=}", at=["step"], value=step, accepted=accepted)
    # As a float: the quotient of two floats may be infinite, of which there is no whole number.
    if step is not None and not (high - low) / step < MOST_STEPS:
        accepted = f"a step that makes at most 2**53 = {MOST_STEPS:,} values"
        raise refusal(f"step is too small for the range, got {step=}", at=["step"], value=step, accepted=accepted)
