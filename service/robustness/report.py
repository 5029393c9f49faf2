"""The robustness report of a sweep: every number as one document, the same for the same trials."""

from collections.abc import Callable, Sequence
from itertools import combinations
from typing import Literal

from pydantic import Field

from search_spaces.design import DesignKind
from search_spaces.outcomes import Outcome
from service.robustness.arms import ArmSummary, TrialFact, summarise_arm, trial_fact
from service.robustness.bootstrap import RESAMPLES
from service.robustness.comparison import Comparison, compare
from service.robustness.estimates import CONFIDENCE, Figure
from service.robustness.significance import PairedTest, correct_for_multiplicity
from service.robustness.trials import SweepHeader, TrialRow, in_order

_CAUTIONS: dict[DesignKind, str] = {
    "one_at_a_time": "Each point moves one factor from the arms' bases: shares and spreads count those points, each "
    "alike, and say nothing of factors that change together.",
    "grid": "The points are a grid: shares and spreads count its points, each alike, so they depend on which values "
    "were listed.",
}
"""What figures over points that were not drawn do not mean."""


class RobustnessReport(Figure):
    """Honest counts first, then every comparison of two arms, then the tests and the trials behind them."""

    schema_version: Literal[1] = 1
    sweep: SweepHeader
    seed: int = Field(description="Seed of the resamples.")
    resamples: int = RESAMPLES
    confidence: float = CONFIDENCE
    alerts: tuple[str, ...] = Field(description="What a reader must know before any figure.")
    arms: tuple[ArmSummary, ...]
    why_no_comparison: str | None = Field(description="Why no arms are compared; none when some are.")
    comparisons: tuple[Comparison, ...]
    tests: tuple[PairedTest, ...] = Field(description="On the scores as trained, corrected over all of them.")
    trials: tuple[TrialFact, ...]


def build_report(
    sweep: SweepHeader, trials: Sequence[TrialRow], *, seed: int = 0, goes_on: Callable[[], None] = lambda: None
) -> RobustnessReport:
    """The report of a sweep from its trial rows, in any order; calls `goes_on` before each comparison.

    Raises ValueError for trials of an unknown arm and for two trials of one (arm, point, replicate).
    """
    rows = in_order(sweep, trials)
    arms = tuple(summarise_arm(sweep, name, rows) for name in sweep.arms)
    why_none = _why_no_comparison(sweep)
    compared = []
    for pair in () if why_none else combinations(sweep.arms, 2):
        goes_on()
        compared.append(compare(sweep, pair, rows, seed))
    comparisons = tuple(comparison for comparison, _ in compared)
    return RobustnessReport(
        sweep=sweep,
        seed=seed,
        alerts=tuple(_alerts(sweep, arms, comparisons)),
        arms=arms,
        why_no_comparison=why_none or _why_all_empty(comparisons),
        comparisons=comparisons,
        tests=correct_for_multiplicity([test for _, tests in compared for test in tests]),
        trials=tuple(trial_fact(sweep, trial) for trial in rows),
    )


def _why_no_comparison(sweep: SweepHeader) -> str | None:
    if sweep.design == "search":
        return (
            "This sweep searched: each configuration was chosen by the results before it. Such draws crowd around good "
            "regions, differently for each arm, so any share, spread or win counted from them would be biased. "
            "For robustness figures run a paired design."
        )
    if len(sweep.arms) < 2:
        return f"This sweep has one arm, {sweep.arms[0]}; robustness is compared between two."
    return None


def _why_all_empty(comparisons: Sequence[Comparison]) -> str | None:
    if any(comparison.pairs for comparison in comparisons):
        return None
    return "No two arms have a point at which trials of both count, so nothing can be compared."


def _alerts(sweep: SweepHeader, arms: Sequence[ArmSummary], comparisons: Sequence[Comparison]) -> list[str]:
    alerts = [f"This sweep is not whole: {sweep.note}"] if sweep.note else []
    if caution := _CAUTIONS.get(sweep.design):
        alerts.append(caution)
    if sweep.further_metrics:
        further = ", ".join(sweep.further_metrics)
        alerts.append(f"This sweep has several metrics: scores here are {sweep.metric}, not {further}.")
    for arm in arms:
        if failed := arm.outcomes[Outcome.FAILED]:
            alerts.append(f"{arm.name}: {failed} of {arm.planned} trials failed for reasons outside the objective.")
        if arm.without_outcome:
            alerts.append(f"{arm.name}: {arm.without_outcome} of {arm.planned} trials never ended.")
    for comparison in comparisons:
        names = " and ".join(comparison.arms)
        if any(comparison.alone):
            counts = " and ".join(map(str, comparison.alone))
            alerts.append(
                f"{names}: {counts} trials are at points that the other does not have, so in no paired figure."
            )
        if dropped := len(comparison.dropped):
            planned = dropped + comparison.trial_pairs
            alerts.append(
                f"{names}: {dropped} of {planned} pairs are dropped, because one of their trials is left out."
            )
    return alerts
