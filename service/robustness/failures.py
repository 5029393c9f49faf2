"""Figure 3, failure rate: the share of configurations at which an arm diverged or collapsed."""

import math

import numpy as np
from pydantic import Field
from scipy.stats import binomtest

from service.robustness.estimates import CONFIDENCE, Contrast, Estimate, Figure
from service.robustness.pairs import PairedScores


class Failures(Figure):
    """Failures of both arms at the same configurations."""

    rate: Contrast = Field(description="Share of configurations that failed: Wilson per arm, Newcombe for a − b.")
    both: int = Field(description="Configurations at which both arms failed.")
    only_a: int = Field(description="Configurations at which arm a alone failed.")
    only_b: int = Field(description="Configurations at which arm b alone failed.")


def failures_of(scores: PairedScores) -> Failures:
    """Rates with Wilson intervals, and their difference with Newcombe's interval for pairs."""
    failed_a, failed_b = scores.failed_a, scores.failed_b
    both, only_a, only_b = (
        int(np.sum(part)) for part in (failed_a & failed_b, failed_a & ~failed_b, ~failed_a & failed_b)
    )
    rate = Contrast(
        a=wilson_estimate(both + only_a, len(scores)),
        b=wilson_estimate(both + only_b, len(scores)),
        difference=newcombe_estimate(both, only_a, only_b, len(scores)),
    )
    return Failures(rate=rate, both=both, only_a=only_a, only_b=only_b)


def wilson_estimate(successes: int, trials: int) -> Estimate:
    """The share with its Wilson score interval."""
    low, high = _wilson(successes, trials)
    return Estimate(value=successes / trials, low=low, high=high, method="Wilson")


def newcombe_estimate(both: int, only_a: int, only_b: int, pairs: int) -> Estimate:
    """Difference a − b of two paired shares with method 10 of Newcombe, Stat. Med. 17:2635 (1998).

    Unlike the bootstrap it stays honest when few or no pairs differ.
    """
    share_a, share_b = (both + only_a) / pairs, (both + only_b) / pairs
    low_a, high_a = _wilson(both + only_a, pairs)
    low_b, high_b = _wilson(both + only_b, pairs)
    correlation = _correlation(both, only_a, only_b, pairs - both - only_a - only_b)
    return Estimate(
        value=share_a - share_b,
        low=share_a - share_b - _combine(share_a - low_a, high_b - share_b, correlation),
        high=share_a - share_b + _combine(high_a - share_a, share_b - low_b, correlation),
        method="Newcombe, paired",
    )


def _wilson(successes: int, trials: int) -> tuple[float, float]:
    interval = binomtest(successes, trials).proportion_ci(CONFIDENCE, method="wilson")
    # Rounding may put an end a hair outside [0, 1].
    return max(float(interval.low), 0.0), min(float(interval.high), 1.0)


def _correlation(both: int, only_a: int, only_b: int, neither: int) -> float:
    """Phi of the two shares, with the paper's continuity correction where it is positive; 0 when undefined."""
    margins = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    if margins == 0:
        return 0.0
    pairs = both + only_a + only_b + neither
    product = both * neither - only_a * only_b
    return (max(product - pairs / 2, 0.0) if product > 0 else product) / math.sqrt(margins)


def _combine(first: float, second: float, correlation: float) -> float:
    """The length of the difference of two distances whose errors are correlated."""
    return math.sqrt(max(first**2 - 2 * correlation * first * second + second**2, 0.0))
