"""Figure 1, the ε-robustness profile ρ(ε): the share of drawn configurations within ε of the best.

The best is drawn again in every resample. Held fixed instead, intervals of the difference in area covered
83 to 91 % in simulation (16 to 64 pairs, skewed accuracies) where these cover 92 to 95 %.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from service.robustness.bootstrap import TOLERANCE, percentile_estimate
from service.robustness.estimates import CONFIDENCE, Contrast, Figure
from service.robustness.pairs import FloatArray, PairedScores

# R resamples, N pairs, E values of ε; leading "..." axes are resamples or none
POINT = 0.01
"""One point of ε in units of the metric: a percentage point of accuracy, 0.01 nats, 0.01 of Brier score."""

MAX_EPSILON_POINTS = 5.0
EPSILONS_POINTS = (0.5, 1.0, 2.0, 5.0)
CURVE_POINTS = np.round(np.arange(0, 51) / 10, 1)
"""The ε at which the curve is drawn; holds all of EPSILONS_POINTS."""

Reference = Literal["own best", "common best"]


class ProfileAt(Figure):
    """ρ at one ε."""

    epsilon_points: float = Field(description="ε in points; a point is 0.01 of the metric.")
    share: Contrast = Field(description="Share of configurations with score ≥ best − ε.")


class Band(Figure):
    """ρ of one arm along the curve's ε, with a pointwise interval where there is one."""

    share: tuple[float, ...]
    low: tuple[float, ...] | None
    high: tuple[float, ...] | None


class Curve(Figure):
    """The profile as a curve."""

    epsilon_points: tuple[float, ...]
    a: Band
    b: Band


class Profile(Figure):
    """How forgiving each arm is, measured from its own best or from the best of both."""

    reference: Reference
    best_a: float = Field(description="The score that arm a is measured from, in the metric's sign.")
    best_b: float = Field(description="The score that arm b is measured from, in the metric's sign.")
    area: Contrast = Field(description="Mean of ρ over ε from 0 to 5 points, in [0, 1].")
    at: tuple[ProfileAt, ...]
    curve: Curve


def profile_of(scores: PairedScores, draws_RN: NDArray[np.intp], reference: Reference, sign: int) -> Profile:
    """The profile with paired bootstrap intervals; `sign` turns the best scores back into the metric's sign."""
    arms_N = (scores.scores_a, scores.scores_b)
    bests = [float(best) for best in _bests(arms_N, reference)]
    areas, shares_E = zip(*(_area_and_shares(arm_N) for arm_N in _regrets(arms_N, reference)), strict=True)
    drawn_RN = (scores.scores_a[draws_RN], scores.scores_b[draws_RN])
    resampled = (_area_and_shares(arm_RN) for arm_RN in _regrets(drawn_RN, reference))
    areas_R, shares_RE = zip(*resampled, strict=True)
    return Profile(
        reference=reference,
        best_a=sign * bests[0],
        best_b=sign * bests[1],
        area=_contrast(areas, areas_R, len(scores)),
        at=tuple(_at(epsilon, shares_E, shares_RE, len(scores)) for epsilon in EPSILONS_POINTS),
        curve=_curve(shares_E, shares_RE, len(scores)),
    )


def _contrast(values: tuple[float, ...], resampled_R: tuple[FloatArray, ...], pairs: int) -> Contrast:
    """Both arms' values and their difference, each with the percentile interval of its resamples."""
    difference_R = resampled_R[0] - resampled_R[1]
    return Contrast(
        a=percentile_estimate(float(values[0]), resampled_R[0], pairs),
        b=percentile_estimate(float(values[1]), resampled_R[1], pairs),
        difference=percentile_estimate(float(values[0] - values[1]), difference_R, pairs),
    )


def _bests(arms: tuple[FloatArray, FloatArray], reference: Reference) -> tuple[FloatArray, FloatArray]:
    """The best score of each arm, or of both, over the last axis."""
    best_a, best_b = (arm.max(axis=-1) for arm in arms)
    if reference == "own best":
        return best_a, best_b
    common = np.maximum(best_a, best_b)
    return common, common


def _regrets(arms: tuple[FloatArray, FloatArray], reference: Reference) -> tuple[FloatArray, FloatArray]:
    """How far each score lies below its best, in points."""
    best_a, best_b = _bests(arms, reference)
    return (best_a[..., None] - arms[0]) / POINT, (best_b[..., None] - arms[1]) / POINT


def _area_and_shares(regrets: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The exact area under ρ up to 5 points, and ρ at the curve's ε."""
    # ρ is a sum of steps: a configuration adds 1/N to it from ε = its regret on.
    area = np.clip(1 - regrets / MAX_EPSILON_POINTS, 0, None).mean(axis=-1)
    return area, _shares(np.atleast_2d(regrets)).reshape(*regrets.shape[:-1], -1)


def _shares(regrets_RN: FloatArray) -> FloatArray:
    """ρ at the curve's ε: each regret is put at the first ε that covers it, then summed up."""
    resamples, pairs = regrets_RN.shape
    bins = len(CURVE_POINTS) + 1
    first_RN = np.searchsorted(CURVE_POINTS + TOLERANCE / POINT, regrets_RN)
    flat = (first_RN + bins * np.arange(resamples)[:, None]).ravel()
    counts = np.bincount(flat, minlength=bins * resamples).reshape(resamples, bins)
    shares: FloatArray = counts[:, :-1].cumsum(axis=1) / pairs
    return shares


def _at(epsilon: float, shares_E: tuple[FloatArray, ...], shares_RE: tuple[FloatArray, ...], pairs: int) -> ProfileAt:
    column = int(np.flatnonzero(epsilon == CURVE_POINTS)[0])
    values = tuple(float(share_E[column]) for share_E in shares_E)
    resampled = tuple(share_RE[:, column] for share_RE in shares_RE)
    return ProfileAt(epsilon_points=epsilon, share=_contrast(values, resampled, pairs))


def _curve(shares_E: tuple[FloatArray, ...], shares_RE: tuple[FloatArray, ...], pairs: int) -> Curve:
    a, b = (_band(share_E, share_RE, pairs) for share_E, share_RE in zip(shares_E, shares_RE, strict=True))
    return Curve(epsilon_points=tuple(CURVE_POINTS.tolist()), a=a, b=b)


def _band(share_E: FloatArray, share_RE: FloatArray, pairs: int) -> Band:
    if percentile_estimate(0.0, share_RE, pairs).low is None:
        return Band(share=tuple(share_E.tolist()), low=None, high=None)
    low_E, high_E = np.quantile(share_RE, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    return Band(share=tuple(share_E.tolist()), low=tuple(low_E.tolist()), high=tuple(high_E.tolist()))
