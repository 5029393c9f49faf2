"""The report's tables, as text: Markdown and HTML show the same rows."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from search_spaces.outcomes import Outcome
from service.robustness.arms import BestTrial
from service.robustness.comparison import Comparison, View
from service.robustness.profile import POINT
from service.robustness.report import RobustnessReport
from service.robustness.spread import ArmSpread
from service.robustness.wording import NO_NUMBER, difference, number, p_value, ratio, signed, with_interval

Row = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table with a sentence on how to read it."""

    title: str
    reading: str
    header: Row
    rows: tuple[Row, ...]


def endings_table(report: RobustnessReport) -> Table:
    """Planned trials by arm and ending; endings that never happened are left away."""
    seen = [outcome for outcome in Outcome if any(arm.outcomes[outcome] for arm in report.arms)]
    rows = [
        (
            arm.name,
            str(arm.planned),
            *(str(arm.outcomes[outcome]) for outcome in seen),
            str(arm.without_outcome),
        )
        for arm in report.arms
    ]
    header = ("arm", "planned", *(outcome.value.replace("_", " ") for outcome in seen), "never ended")
    reading = (
        "Diverged, collapsed and timed out trials score at chance level "
        f"({number(report.sweep.chance_level, 3)}); pruned, infeasible, failed and cancelled ones are left out."
    )
    return Table("How the trials ended", reading, header, tuple(rows))


def pairs_table(comparisons: Sequence[Comparison]) -> Table:
    """What was compared, and what could not be."""
    rows = [
        (
            " – ".join(comparison.arms),
            str(comparison.pairs),
            str(comparison.trial_pairs),
            str(len(comparison.dropped)),
            _drop_reasons(comparison),
        )
        for comparison in comparisons
    ]
    reading = (
        "A pair is one drawn configuration with a trial of both arms that counts. "
        "Several seeds of a configuration are averaged first, over the seeds at which both arms count."
    )
    header = ("arms", "pairs used", "trials per arm", "trial pairs dropped", "because")
    return Table("What is compared", reading, header, tuple(rows))


def profile_table(arms: tuple[str, str], view: View) -> Table:
    """ρ(ε) and the area, from each arm's own best and from the best of both."""
    rows: list[Row] = []
    for profile in view.profiles:
        for at in profile.at:
            label = f"{profile.reference}, ε = {at.epsilon_points:g}"
            share = at.share
            rows.append((label, with_interval(share.a), with_interval(share.b), difference(share.difference)))
        area = profile.area
        label = f"{profile.reference}, area to 5"
        rows.append((label, with_interval(area.a), with_interval(area.b), difference(area.difference)))
    reading = (
        "Share of configurations that score within ε points of the best; more is more robust. "
        f"A point is {POINT:g} of the metric."
    )
    return Table("ε-robustness profile", reading, ("", *arms, "difference"), tuple(rows))


def spread_table(arms: tuple[str, str], view: View) -> Table:
    """How far scores scatter."""
    a, b, spread = view.spread.a, view.spread.b, view.spread
    rows: list[Row] = [
        ("mean", number(a.mean, 4), number(b.mean, 4), difference(view.wins.mean_difference, 4)),
        _spread_row("median", "median", a, b),
        ("SD", number(a.sd, 4), number(b.sd, 4), f"× {ratio(spread.log_sd_ratio)}"),
        ("IQR", number(a.iqr, 4), number(b.iqr, 4), f"× {ratio(spread.log_iqr_ratio)}"),
        _spread_row("MAD", "mad", a, b),
        _spread_row("P10", "p10", a, b),
        _spread_row("CVaR10 of regret", "cvar10_regret", a, b),
    ]
    reading = (
        "A ratio below × 1 means that the first arm scatters less. P10: what nine configurations of ten reach. "
        "CVaR10: how far the worst tenth lies below the arm's best, on average."
    )
    return Table("Spread of scores", reading, ("", *arms, "difference or ratio"), tuple(rows))


def failures_table(arms: tuple[str, str], view: View) -> Table:
    """How often each arm failed."""
    failures, rate = view.failures, view.failures.rate
    rows: tuple[Row, ...] = (
        ("failure rate", with_interval(rate.a), with_interval(rate.b), difference(rate.difference)),
        ("failed alone", str(failures.only_a), str(failures.only_b), f"both: {failures.both}"),
    )
    reading = "Share of configurations at which a trial diverged or collapsed."
    return Table("Failure rate", reading, ("", *arms, "difference"), rows)


def wins_table(arms: tuple[str, str], view: View) -> Table:
    """Who scored better at the same configuration."""
    wins = view.wins
    row = (with_interval(wins.probability), str(wins.a_better), str(wins.b_better), str(wins.ties))
    header = (f"P({arms[0]} > {arms[1]})", f"{arms[0]} better", f"{arms[1]} better", "ties")
    reading = "How often the first arm beats the second at the same configuration, ties half; 0.50 is even."
    return Table("Head to head", reading, header, (row,))


def view_tables(arms: tuple[str, str], view: View) -> tuple[Table, ...]:
    """Every paired figure of one view."""
    return tuple(make(arms, view) for make in (profile_table, spread_table, failures_table, wins_table))


def cost_table(report: RobustnessReport) -> Table:
    """What each arm cost."""
    rows = [
        (
            arm.name,
            number(arm.cost.device_seconds, 1),
            _thousands(arm.cost.image_passes),
            number(arm.cost.median_device_seconds, 1),
            _thousands(arm.cost.median_image_passes),
        )
        for arm in report.arms
    ]
    header = ("arm", "device-seconds", "image passes", "device-seconds per trial", "image passes per trial")
    reading = "Totals over all trials and attempts; per trial: the median of completed trials."
    return Table("Cost", reading, header, tuple(rows))


def best_table(report: RobustnessReport) -> Table:
    """The best configuration of each arm."""
    rows = [(arm.name, *_best_cells(report, arm.best)) for arm in report.arms]
    header = ("arm", report.sweep.metric, "test score", "trial", "configuration")
    reading = "Selected on the validation split; the test score was measured once, at the end of that trial."
    return Table("Best configurations", reading, header, tuple(rows))


def tests_table(report: RobustnessReport) -> Table:
    """The tests, after everything that has a size."""
    rows = [
        (
            " – ".join(test.arms),
            test.name,
            test.hypothesis,
            str(test.pairs),
            p_value(test.p_value),
            test.reason or p_value(test.p_holm),
        )
        for test in report.tests
    ]
    header = ("arms", "test", "null hypothesis", "pairs", "p", "p (Holm)")
    reading = "On the scores as trained. Read the sizes and intervals first; Holm corrects for all rows."
    return Table("Tests", reading, header, tuple(rows))


def cuts_sentence(view: View) -> str:
    """How equal cost was reached; empty for the view as trained."""
    if not view.cuts:
        return ""
    if not any(cuts.cut for cuts in view.cuts):
        return "No trial had to be cut: the arms cost the same in every pair, so the figures are those above."
    parts = [
        f"{cuts.arm} was cut in {cuts.cut} trials, {cuts.without_score} of them before a first validation"
        for cuts in view.cuts
    ]
    return (
        f"The dearer trial of each pair is cut where the cheaper one ended: {'; '.join(parts)}. Such a score was "
        "measured under an unfinished schedule, so it understates a run planned for that cost."
    )


def _drop_reasons(comparison: Comparison) -> str:
    counts = Counter(dropped.reason for dropped in comparison.dropped)
    return "; ".join(f"{amount} × {reason}" for reason, amount in counts.most_common()) or NO_NUMBER


def _spread_row(label: str, field: str, a: ArmSpread, b: ArmSpread) -> Row:
    first, second = getattr(a, field), getattr(b, field)
    return label, number(first, 4), number(second, 4), signed(first - second, 4)


def _thousands(amount: float | None) -> str:
    return NO_NUMBER if amount is None else f"{amount:,.0f}"


def _best_cells(report: RobustnessReport, best: BestTrial | None) -> Row:
    if best is None:
        return NO_NUMBER, NO_NUMBER, NO_NUMBER, "no trial was completed"
    test = best.scores.get(report.sweep.metric.replace("val_", "test_", 1))
    changed = best.config.model_dump(mode="json", exclude_defaults=True, exclude={"objective"})
    settings = ", ".join(f"{field} = {_setting(value)}" for field, value in changed.items())
    return number(best.score, 4), number(test, 4), str(best.number), settings or "the defaults"


def _setting(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
