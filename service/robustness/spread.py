"""Figure 2, spread: how far the scores of one arm scatter, and the ratio of the scatter of two arms."""

import numpy as np
from pydantic import Field
from scipy.stats import iqr, median_abs_deviation

from service.robustness.bootstrap import TOLERANCE, PairedStatistic, bca_estimate
from service.robustness.estimates import Estimate, Figure
from service.robustness.pairs import FloatArray, PairedScores

TAIL = 0.10
"""The share of configurations that P10 and CVaR10 look at."""


class ArmSpread(Figure):
    """The scatter of one arm's scores, in units of the metric."""

    mean: float
    median: float
    sd: float | None = Field(description="Standard deviation (n − 1); none for a single pair.")
    iqr: float = Field(description="Distance between the quartiles.")
    mad: float = Field(description="Median distance from the median, not rescaled.")
    p10: float = Field(description="The score that nine configurations of ten reach, in the metric's sign.")
    cvar10_regret: float = Field(description="Mean distance below the arm's own best, of the worst tenth.")


class Spread(Figure):
    """The scatter of both arms; a log ratio below 0 means that arm a scatters less."""

    a: ArmSpread
    b: ArmSpread
    log_sd_ratio: Estimate = Field(description="ln(SD of a / SD of b).")
    log_iqr_ratio: Estimate = Field(description="ln(IQR of a / IQR of b).")


def spread_of(scores: PairedScores, seed: int, sign: int) -> Spread:
    """The spread of both arms, with BCa intervals of the log ratios."""
    return Spread(
        a=_arm_spread(scores.scores_a, sign),
        b=_arm_spread(scores.scores_b, sign),
        log_sd_ratio=_log_ratio_estimate(log_sd_ratio, _sds, scores, seed),
        log_iqr_ratio=_log_ratio_estimate(log_iqr_ratio, _iqrs, scores, seed),
    )


def log_sd_ratio(scores_a: FloatArray, scores_b: FloatArray, axis: int = -1) -> FloatArray:
    """ln of the ratio of the standard deviations along the axis; 0 where neither arm varies."""
    return _log_ratio(_sds(scores_a, axis), _sds(scores_b, axis))


def log_iqr_ratio(scores_a: FloatArray, scores_b: FloatArray, axis: int = -1) -> FloatArray:
    """ln of the ratio of the interquartile ranges along the axis; 0 where neither arm varies."""
    return _log_ratio(_iqrs(scores_a, axis), _iqrs(scores_b, axis))


def cvar_regret(scores_N: FloatArray) -> float:
    """Mean regret of the worst tenth; a configuration on the tenth's edge counts by the part inside."""
    regrets_N = np.sort(scores_N.max() - scores_N)[::-1]
    weights_N = np.clip(TAIL * len(regrets_N) - np.arange(len(regrets_N)), 0, 1)
    return float(weights_N @ regrets_N / weights_N.sum())


def _arm_spread(scores_N: FloatArray, sign: int) -> ArmSpread:
    return ArmSpread(
        mean=sign * float(scores_N.mean()),
        median=sign * float(np.median(scores_N)),
        sd=float(scores_N.std(ddof=1)) if len(scores_N) > 1 else None,
        iqr=float(iqr(scores_N)),
        mad=float(median_abs_deviation(scores_N)),
        p10=sign * float(np.quantile(scores_N, TAIL)),
        cvar10_regret=cvar_regret(scores_N),
    )


def _log_ratio_estimate(
    statistic: PairedStatistic, scale: PairedStatistic, scores: PairedScores, seed: int
) -> Estimate:
    if len(scores) < 2:
        return Estimate(value=None, reason="a single pair has no spread")
    if min(scale(scores.scores_a), scale(scores.scores_b)) < TOLERANCE:
        return Estimate(value=None, reason="an arm has no spread, so there is no ratio")
    return bca_estimate(statistic, scores.scores_a, scores.scores_b, seed)


def _sds(scores: FloatArray, axis: int = -1) -> FloatArray:
    sds: FloatArray = scores.std(axis=axis, ddof=1)
    return sds


def _iqrs(scores: FloatArray, axis: int = -1) -> FloatArray:
    lower, upper = np.quantile(scores, [0.25, 0.75], axis=axis)
    return np.asarray(upper - lower)


def _log_ratio(scale_a: FloatArray, scale_b: FloatArray) -> FloatArray:
    """ln(a / b) with 0 / 0 as 1: a resample in which neither arm varies favours neither; ± ∞ stays."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.log(scale_a) - np.log(scale_b)
    return np.where((scale_a < TOLERANCE) & (scale_b < TOLERANCE), 0.0, ratios)
