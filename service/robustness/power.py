"""Power: how large a difference in spread a paired comparison of so many pairs would find, by simulation.

Regrets (how far a configuration lies below the best) are exponential, so accuracies are skewed to the left, and a
share of them is common to both arms. The arms differ by the scale of their regrets alone. A difference is found when
the report's own interval of the SD ratio, the paired bootstrap with BCa, leaves 1 out on the right side. With the
shared part below this comes within four points of the powers that the design pages measured.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from service.robustness.bootstrap import MIN_PAIRS, TOLERANCE
from service.robustness.estimates import CONFIDENCE

# S simulated sweeps, N pairs, R resamples
FloatArray = NDArray[np.float64]

SHARED = 0.35
"""Part of the regret that both arms of a pair have in common: the correlation of their scores."""
REFERENCE_RATIO = 1.5
WANTED_POWER = 0.8

SIMULATIONS = 2000
RESAMPLES = 500
MOST_SCORES = 600_000
"""Simulated scores per arm: for many pairs there are fewer simulations, so that a preview takes a second or two."""
CHUNK_SCORES = 250_000
SEED = 0


ASSUMPTIONS = (
    f"simulated with exponential regrets, {SHARED:.0%} of them common to both arms, no failures, one score per pair; "
    f"found means that the {CONFIDENCE:.0%} paired bootstrap BCa interval of the SD ratio leaves 1 out"
)


@dataclass(frozen=True)
class Power:
    """What a comparison of two arms over so many pairs can tell."""

    pairs: int
    at_reference: float
    """Probability that a true SD ratio of REFERENCE_RATIO is found."""
    detectable_ratio: float | None
    """The true SD ratio that is found with probability WANTED_POWER; none where none is."""


@cache
def power_of(pairs: int) -> Power:
    """The power of a comparison over so many pairs; the same number gives the same answer."""
    if pairs < MIN_PAIRS:
        return Power(pairs, 0.0, None)
    thresholds_S = _thresholds(pairs)
    log_ratio = np.quantile(thresholds_S, WANTED_POWER)
    return Power(
        pairs,
        at_reference=float(np.mean(thresholds_S < np.log(REFERENCE_RATIO))),
        detectable_ratio=float(np.exp(log_ratio)),
    )


def _thresholds(pairs: int) -> FloatArray:
    """Per simulated sweep, the true log ratio from which on it finds a difference.

    Scaling an arm's regrets by a ratio shifts its log SD ratio, and the whole interval with it, by the logarithm: one
    simulation without a difference tells of every ratio.
    """
    generator = np.random.default_rng(SEED)
    weights_NR = generator.multinomial(pairs, np.full(pairs, 1 / pairs), size=RESAMPLES).T.astype(np.float64)
    simulations = min(SIMULATIONS, max(1, MOST_SCORES // pairs))
    chunk = max(1, min(simulations, CHUNK_SCORES // pairs))
    lows = []
    for start in range(0, simulations, chunk):
        size = (min(chunk, simulations - start), pairs)
        shared_SN = generator.gamma(SHARED, size=size)
        arms_SN = [shared_SN + generator.gamma(1 - SHARED, size=size) for _ in range(2)]
        lows.append(_low_ends(arms_SN[0], arms_SN[1], weights_NR))
    return -np.concatenate(lows)


def _low_ends(regrets_a_SN: FloatArray, regrets_b_SN: FloatArray, weights_NR: FloatArray) -> FloatArray:
    """The lower end of each sweep's BCa interval of ln(SD of a / SD of b)."""
    resampled_SR = np.sort(_resampled_ratios(regrets_a_SN, regrets_b_SN, weights_NR), axis=1)
    value_S1 = (_log_sds(regrets_a_SN) - _log_sds(regrets_b_SN))[:, None]
    below_S = ((resampled_SR < value_S1).sum(axis=1) + (resampled_SR == value_S1).sum(axis=1) / 2) / RESAMPLES
    bias_S = ndtri(np.clip(below_S, 0.5 / RESAMPLES, 1 - 0.5 / RESAMPLES))
    left_out_SN = _log_sds_without_one(regrets_a_SN) - _log_sds_without_one(regrets_b_SN)
    deviation_SN = left_out_SN.mean(axis=1, keepdims=True) - left_out_SN
    acceleration_S = (deviation_SN**3).sum(axis=1) / (6 * (deviation_SN**2).sum(axis=1) ** 1.5)
    shifted_S = bias_S + ndtri((1 - CONFIDENCE) / 2)
    levels_S = ndtr(bias_S + shifted_S / (1 - acceleration_S * shifted_S))
    places_S = levels_S * (RESAMPLES - 1)
    floor_S = np.floor(places_S).astype(np.intp)
    rows_S = np.arange(len(resampled_SR))
    lower_S, upper_S = resampled_SR[rows_S, floor_S], resampled_SR[rows_S, np.minimum(floor_S + 1, RESAMPLES - 1)]
    low_S: FloatArray = lower_S + (places_S - floor_S) * (upper_S - lower_S)
    return low_S


def _resampled_ratios(regrets_a_SN: FloatArray, regrets_b_SN: FloatArray, weights_NR: FloatArray) -> FloatArray:
    """ln of the SD ratio in every resample; 0 where neither arm varies, as in the report."""
    sds_a_SR, sds_b_SR = (_resampled_sds(arm_SN, weights_NR) for arm_SN in (regrets_a_SN, regrets_b_SN))
    flat_SR = (sds_a_SR < TOLERANCE) & (sds_b_SR < TOLERANCE)
    return np.where(flat_SR, 0.0, np.log(np.maximum(sds_a_SR, TOLERANCE)) - np.log(np.maximum(sds_b_SR, TOLERANCE)))


def _resampled_sds(regrets_SN: FloatArray, weights_NR: FloatArray) -> FloatArray:
    """SDs of the resamples: a resample is how often each pair is in it, so its moments are a product of matrices."""
    centred_SN = regrets_SN - regrets_SN.mean(axis=1, keepdims=True)
    pairs = regrets_SN.shape[1]
    means_SR, squares_SR = centred_SN @ weights_NR / pairs, centred_SN**2 @ weights_NR / pairs
    sds: FloatArray = np.sqrt(np.maximum(squares_SR - means_SR**2, 0))
    return sds


def _log_sds(regrets_SN: FloatArray) -> FloatArray:
    sds: FloatArray = np.log(regrets_SN.std(axis=1))
    return sds


def _log_sds_without_one(regrets_SN: FloatArray) -> FloatArray:
    """ln of the SD of each sweep without each of its pairs."""
    centred_SN = regrets_SN - regrets_SN.mean(axis=1, keepdims=True)
    rest = regrets_SN.shape[1] - 1
    means_SN = -centred_SN / rest
    squares_SN = ((centred_SN**2).sum(axis=1, keepdims=True) - centred_SN**2) / rest
    log_sds: FloatArray = 0.5 * np.log(squares_SN - means_SN**2)
    return log_sds
