"""The shape of every number in the report: a value with its interval, or the reason why there is none."""

from pydantic import BaseModel, ConfigDict, Field

CONFIDENCE = 0.95


class Figure(BaseModel):
    """A part of the report: frozen, and every number in it is finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Estimate(Figure):
    """A number with its 95 % interval. Where value or interval is missing, `reason` says why."""

    value: float | None = Field(description="The number from all pairs used.")
    low: float | None = Field(default=None, description="Lower end of the interval.")
    high: float | None = Field(default=None, description="Upper end of the interval.")
    method: str | None = Field(default=None, description="How the interval was made.")
    reason: str | None = Field(default=None, description="Why there is no value or no interval.")

    def side_of(self, neutral: float) -> int:
        """1 or -1 when the whole interval lies above or below `neutral`; 0 when it holds both answers or is none."""
        if self.low is None or self.high is None:
            return 0
        return int(self.low > neutral) - int(self.high < neutral)


class Contrast(Figure):
    """One figure of two arms, and its difference a − b."""

    a: Estimate
    b: Estimate
    difference: Estimate
