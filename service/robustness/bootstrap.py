"""The paired bootstrap: points are drawn again with replacement, both arms of a point together.

A seed gives the same draws whatever the arms are called, so exchanging two arms only flips signs.
"""

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import DegenerateDataWarning, bootstrap

from service.robustness.estimates import CONFIDENCE, Estimate
from service.robustness.pairs import FloatArray

# R resamples, N pairs
RESAMPLES = 10_000
MIN_PAIRS = 5
"""Fewer pairs have too few different resamples (126 of five) for an interval to mean anything."""

TOLERANCE = 1e-9
"""Scores nearer than this are equal: it is below any real difference and above rounding."""

PairedStatistic = Callable[..., FloatArray]
"""Called as statistic(scores_a, scores_b, axis=…), vectorised over the other axes."""


def draw_pairs(pairs: int, seed: int) -> NDArray[np.intp]:
    """Indices of the resampled pairs, shape (R, N)."""
    return np.random.default_rng(seed).integers(0, pairs, size=(RESAMPLES, pairs))


def percentile_estimate(value: float, resampled_R: FloatArray, pairs: int) -> Estimate:
    """The value with the percentile interval of its resampled copies."""
    reason = _too_few(pairs) or _constant(resampled_R)
    if reason:
        return Estimate(value=value, reason=reason)
    low, high = np.quantile(resampled_R, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Estimate(value=value, low=float(low), high=float(high), method="paired bootstrap, percentile")


def bca_estimate(statistic: PairedStatistic, scores_a_N: FloatArray, scores_b_N: FloatArray, seed: int) -> Estimate:
    """The statistic of the pairs with its bias-corrected and accelerated interval (Efron 1987)."""
    value = float(statistic(scores_a_N, scores_b_N, axis=-1))
    if reason := _too_few(len(scores_a_N)):
        return Estimate(value=value, reason=reason)
    low, high = _bca_interval(statistic, scores_a_N, scores_b_N, seed)
    if not np.isfinite([low, high]).all() or high - low < TOLERANCE:
        return Estimate(value=value, reason="the pairs vary too little for a bootstrap interval")
    return Estimate(value=value, low=low, high=high, method="paired bootstrap, BCa")


def _bca_interval(
    statistic: PairedStatistic, scores_a_N: FloatArray, scores_b_N: FloatArray, seed: int
) -> tuple[float, float]:
    """The ends of the interval; not finite for degenerate data, which the caller answers with a sentence."""
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        warnings.simplefilter("ignore", DegenerateDataWarning)
        result = bootstrap(
            (scores_a_N, scores_b_N),
            statistic,
            paired=True,
            vectorized=True,
            n_resamples=RESAMPLES,
            confidence_level=CONFIDENCE,
            method="BCa",
            rng=np.random.default_rng(seed),
        )
    return float(result.confidence_interval.low), float(result.confidence_interval.high)


def _too_few(pairs: int) -> str | None:
    return f"an interval needs at least {MIN_PAIRS} pairs, there are {pairs}" if pairs < MIN_PAIRS else None


def _constant(resampled_R: FloatArray) -> str | None:
    return "every resample gives the same value" if np.ptp(resampled_R) < TOLERANCE else None
