"""The tests behind the figures, with Holm's correction over all of them. They come after effect sizes."""

from collections.abc import Sequence

import numpy as np
from pydantic import Field
from scipy.stats import binomtest, pearsonr

from service.robustness.bootstrap import TOLERANCE
from service.robustness.estimates import Figure
from service.robustness.pairs import FloatArray, PairedScores


class PairedTest(Figure):
    """One test of one pair of arms."""

    arms: tuple[str, str]
    name: str
    hypothesis: str = Field(description="What is tested, the null hypothesis.")
    pairs: int
    p_value: float | None
    p_holm: float | None = Field(default=None, description="Corrected for all tests of the report (Holm 1979).")
    reason: str | None = Field(default=None, description="Why there is no p-value.")


def paired_tests(arms: tuple[str, str], scores: PairedScores) -> list[PairedTest]:
    """The tests of one pair of arms, not yet corrected."""
    return [pitman_morgan(arms, scores), exact_mcnemar(arms, scores)]


def pitman_morgan(arms: tuple[str, str], scores: PairedScores) -> PairedTest:
    """Equal variances of paired scores: a + b and a − b are then uncorrelated (Pitman 1939, Morgan 1939)."""
    sums_N = scores.scores_a + scores.scores_b
    differences_N = scores.scores_a - scores.scores_b
    p_value, reason = None, None
    if len(scores) < 3:
        reason = f"needs at least 3 pairs, there are {len(scores)}"
    elif min(np.ptp(sums_N), np.ptp(differences_N)) < TOLERANCE:
        reason = "the sums or the differences of the pairs are all equal"
    else:
        p_value = float(pearsonr(sums_N, differences_N).pvalue)
    return PairedTest(
        arms=arms,
        name="Pitman–Morgan",
        hypothesis="the scores of both arms have the same variance",
        pairs=len(scores),
        p_value=p_value,
        reason=reason,
    )


def exact_mcnemar(arms: tuple[str, str], scores: PairedScores) -> PairedTest:
    """Equal failure rates, judged by the configurations at which one arm alone failed (McNemar 1947, exact)."""
    only_a = int(np.sum(scores.failed_a & ~scores.failed_b))
    only_b = int(np.sum(~scores.failed_a & scores.failed_b))
    discordant = only_a + only_b > 0
    return PairedTest(
        arms=arms,
        name="McNemar, exact",
        hypothesis="both arms fail equally often",
        pairs=len(scores),
        p_value=float(binomtest(only_a, only_a + only_b).pvalue) if discordant else None,
        reason=None if discordant else "no configuration failed for one arm alone",
    )


def correct_for_multiplicity(tests: Sequence[PairedTest]) -> tuple[PairedTest, ...]:
    """The tests with Holm's p-values over those that have a p-value."""
    p_values = [test.p_value for test in tests if test.p_value is not None]
    if not p_values:
        return tuple(tests)
    corrected = iter(_holm(np.array(p_values)).tolist())
    return tuple(
        test if test.p_value is None else test.model_copy(update={"p_holm": next(corrected)}) for test in tests
    )


def _holm(p_N: FloatArray) -> FloatArray:
    """Holm's step-down: the k-th smallest of N times N - k + 1, never below the one before it, at most 1."""
    order_N = np.argsort(p_N)
    stepped_N = np.maximum.accumulate(p_N[order_N] * np.arange(len(p_N), 0, -1))
    corrected_N = np.empty_like(p_N)
    corrected_N[order_N] = np.minimum(stepped_N, 1.0)
    return corrected_N
