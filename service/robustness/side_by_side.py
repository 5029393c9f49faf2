"""Reports of several sweeps side by side: what each is, its arms, and its primary figures with their intervals.

Nothing is computed across sweeps: their configurations are not paired, so no interval would hold between them.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from pydantic import Field

from search_spaces.outcomes import Outcome
from service.robustness.arms import ArmSummary
from service.robustness.comparison import Comparison
from service.robustness.estimates import Contrast, Estimate, Figure
from service.robustness.report import RobustnessReport
from service.robustness.tables import Row, Table
from service.robustness.trials import SweepHeader
from service.robustness.verdicts import Verdict
from service.robustness.wording import NO_NUMBER, difference, number, ratio, with_interval


class PrimaryFigures(Figure):
    """Two arms of one sweep as trained, in the figures that a reader asks for first."""

    arms: tuple[str, str]
    pairs: int
    reason: str | None = Field(description="Why there are no figures.")
    area_from_own_best: Contrast | None = Field(description="Area of the ε-profile up to 5 points.")
    area_from_common_best: Contrast | None
    log_sd_ratio: Estimate | None = Field(description="ln(SD of a / SD of b).")
    failure_rate: Contrast | None
    probability: Estimate | None = Field(description="P(a > b), ties half.")
    verdicts: tuple[Verdict, ...]


class Side(Figure):
    """One sweep."""

    sweep: SweepHeader
    alerts: tuple[str, ...] = Field(description="What a reader must know before any figure.")
    arms: tuple[ArmSummary, ...]
    why_no_comparison: str | None
    comparisons: tuple[PrimaryFigures, ...]


class SideBySide(Figure):
    """Several sweeps, in the order in which they were asked for."""

    schema_version: Literal[1] = 1
    cautions: tuple[str, ...] = Field(description="In what the sweeps differ, so that figures do not compare.")
    sweeps: tuple[Side, ...]


def put_side_by_side(reports: Sequence[RobustnessReport]) -> SideBySide:
    """The reports side by side, with what keeps their figures from being compared."""
    return SideBySide(cautions=tuple(_cautions(reports)), sweeps=tuple(_side(report) for report in reports))


def sweeps_table(both: SideBySide) -> Table:
    """What each sweep is."""
    rows = [
        (one.sweep.sweep_id, one.sweep.name, one.sweep.dataset, one.sweep.metric, one.sweep.design, one.sweep.match)
        for one in both.sweeps
    ]
    header = ("sweep", "name", "dataset", "metric", "design", "made equal")
    return Table("The sweeps", "In the order in which they were asked for.", header, tuple(rows))


def arms_table(both: SideBySide) -> Table:
    """How each arm of each sweep did and what it cost."""
    rows = [_arm_row(one, arm) for one in both.sweeps for arm in one.arms]
    header = ("sweep", "arm", "completed", "planned", "best score", "device-seconds", "image passes")
    return Table("Their arms", "The best score is that of the sweep's own metric.", header, tuple(rows))


def figures_table(both: SideBySide) -> Table:
    """The primary figures of each comparison."""
    rows = [_figures_row(one, figures) for one in both.sweeps for figures in one.comparisons]
    reading = (
        "First arm against second, on the pairs of its own sweep. Area: share of configurations within ε of the best, "
        "averaged up to 5 points, first minus second. A ratio of SDs below 1 means that the first scatters less."
    )
    header = (
        "sweep",
        "arms",
        "pairs",
        "area, own best",
        "area, common best",
        "SD ratio",
        "failure rate",
        "P(first > second)",
    )
    return Table("Their primary figures", reading, header, tuple(rows))


def _cautions(reports: Sequence[RobustnessReport]) -> list[str]:
    aspects: dict[str, Callable[[SweepHeader], str]] = {
        "scored by different metrics": lambda sweep: sweep.metric,
        "on different datasets": lambda sweep: sweep.dataset,
        "of different designs": lambda sweep: sweep.design,
        "matched by different costs": lambda sweep: sweep.match,
    }
    cautions = []
    for words, aspect in aspects.items():
        values = list(dict.fromkeys(aspect(report.sweep) for report in reports))
        if len(values) > 1:
            cautions.append(f"The sweeps are {words}: {', '.join(values)}. Their figures do not measure the same.")
    return cautions


def _side(report: RobustnessReport) -> Side:
    return Side(
        sweep=report.sweep,
        alerts=report.alerts,
        arms=report.arms,
        why_no_comparison=report.why_no_comparison,
        comparisons=tuple(_primary_figures(comparison) for comparison in report.comparisons),
    )


def _primary_figures(comparison: Comparison) -> PrimaryFigures:
    view = comparison.views[0] if comparison.views else None
    return PrimaryFigures(
        arms=comparison.arms,
        pairs=comparison.pairs,
        reason=comparison.reason,
        area_from_own_best=view.profiles[0].area if view else None,
        area_from_common_best=view.profiles[1].area if view else None,
        log_sd_ratio=view.spread.log_sd_ratio if view else None,
        failure_rate=view.failures.rate if view else None,
        probability=view.wins.probability if view else None,
        verdicts=view.verdicts if view else (),
    )


def _arm_row(one: Side, arm: ArmSummary) -> Row:
    best = None if arm.best is None else arm.best.score
    cost = arm.cost
    completed = arm.outcomes[Outcome.COMPLETED]
    return (
        one.sweep.sweep_id,
        arm.name,
        str(completed),
        str(arm.planned),
        number(best, 4),
        number(cost.device_seconds, 1),
        f"{cost.image_passes:,}",
    )


def _figures_row(one: Side, figures: PrimaryFigures) -> Row:
    return (
        one.sweep.sweep_id,
        " – ".join(figures.arms),
        str(figures.pairs),
        _difference(figures.area_from_own_best),
        _difference(figures.area_from_common_best),
        NO_NUMBER if figures.log_sd_ratio is None else ratio(figures.log_sd_ratio),
        _difference(figures.failure_rate),
        NO_NUMBER if figures.probability is None else with_interval(figures.probability),
    )


def _difference(contrast: Contrast | None) -> str:
    return NO_NUMBER if contrast is None else difference(contrast.difference)
