"""Figure 5, P(a > b): the share of pairs in which arm a beats arm b, ties counted half."""

import numpy as np
from pydantic import Field

from service.robustness.bootstrap import TOLERANCE, bca_estimate
from service.robustness.estimates import Estimate, Figure
from service.robustness.failures import wilson_estimate
from service.robustness.pairs import FloatArray, PairedScores


class Wins(Figure):
    """Who scored better at the same configurations."""

    a_better: int
    b_better: int
    ties: int
    probability: Estimate = Field(description="P(a > b), ties half.")
    mean_difference: Estimate = Field(description="Mean of a's score minus b's, in the metric's sign and units.")


def wins_of(scores: PairedScores, seed: int, sign: int) -> Wins:
    """Wins, ties, P(a > b) and the mean difference, with BCa intervals."""
    differences_N = scores.scores_a - scores.scores_b
    a_better = int(np.sum(differences_N > TOLERANCE))
    b_better = int(np.sum(differences_N < -TOLERANCE))
    return Wins(
        a_better=a_better,
        b_better=b_better,
        ties=len(scores) - a_better - b_better,
        probability=_probability(scores, a_better, b_better, seed),
        mean_difference=bca_estimate(mean_difference, sign * scores.scores_a, sign * scores.scores_b, seed),
    )


def share_of_wins(scores_a: FloatArray, scores_b: FloatArray, axis: int = -1) -> FloatArray:
    """Share of pairs in which a beats b along the axis, ties half."""
    differences = scores_a - scores_b
    wins = (differences > TOLERANCE) + 0.5 * (np.abs(differences) <= TOLERANCE)
    return np.asarray(wins.mean(axis=axis))


def mean_difference(scores_a: FloatArray, scores_b: FloatArray, axis: int = -1) -> FloatArray:
    """Mean of a − b along the axis."""
    return np.asarray((scores_a - scores_b).mean(axis=axis))


def _probability(scores: PairedScores, a_better: int, b_better: int, seed: int) -> Estimate:
    if len(scores) in (a_better, b_better):
        # Every resample of a unanimous table is unanimous; Wilson's interval knows better.
        return wilson_estimate(a_better, len(scores))
    return bca_estimate(share_of_wins, scores.scores_a, scores.scores_b, seed)
