"""The report as one HTML page that needs nothing else: style, plots and plotly.js are inside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import cast

import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from service.robustness import plots
from service.robustness.comparison import Comparison, View
from service.robustness.plots import ScoreAxis
from service.robustness.profile import MAX_EPSILON_POINTS, POINT
from service.robustness.report import RobustnessReport
from service.robustness.tables import (
    Table,
    best_table,
    cost_table,
    cuts_sentence,
    endings_table,
    failures_table,
    pairs_table,
    profile_table,
    spread_table,
    tests_table,
    wins_table,
)


@dataclass(frozen=True)
class Panel:
    """A figure of the page: its plots, and the table with the same numbers."""

    table: Table
    plots: tuple[tuple[str, Markup], ...]
    """Caption and plot."""


def render_html(report: RobustnessReport) -> str:
    """The whole page; every text from people and clusters is escaped by the template."""
    colors = {arm.name: plots.arm_color(index) for index, arm in enumerate(report.arms)}
    template = _environment().get_template("report.html")
    return template.render(
        report=report,
        colors=colors,
        plotly_js=Markup(get_plotlyjs()),  # noqa: S704  # the library's own file
        counts=_count_tables(report),
        view_panels=lambda comparison, view: _view_panels(report, comparison, view, colors),
        cuts_sentence=cuts_sentence,
        sweep_panels=_sweep_panels(report),
        closing_tables=[best_table(report), *([tests_table(report)] if report.tests else [])],
    )


@cache
def _environment() -> Environment:
    loader = PackageLoader("service.robustness", "page")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _count_tables(report: RobustnessReport) -> list[Table]:
    return [endings_table(report), *([pairs_table(report.comparisons)] if report.comparisons else [])]


def _view_panels(
    report: RobustnessReport, comparison: Comparison, view: View, colors: dict[str, str]
) -> tuple[Panel, ...]:
    arms = comparison.arms
    shades = [colors[arm] for arm in arms]
    whole, near = _score_axes(report, [score for point in view.points for score in (point.score_a, point.score_b)])
    own, common = (plots.profile_plot(profile, arms, shades) for profile in view.profiles)
    return (
        Panel(profile_table(arms, view), _drawn({"from each arm's own best": own, "from the best of both": common})),
        Panel(
            spread_table(arms, view),
            _drawn({axis.caption: plots.distribution_plot(view, arms, shades, axis) for axis in (whole, near)}),
        ),
        Panel(
            wins_table(arms, view),
            _drawn({axis.caption: plots.pair_plot(view, arms, shades, axis) for axis in (whole, near)}),
        ),
        Panel(failures_table(arms, view), _drawn({"with Wilson intervals": plots.failure_plot(view, arms, shades)})),
    )


def _sweep_panels(report: RobustnessReport) -> tuple[Panel, ...]:
    return (
        *([_learning_rate_panel(report)] if any(fact.score is not None for fact in report.trials) else []),
        Panel(cost_table(report), _drawn({"": plots.cost_plot(report.arms)})),
    )


def _learning_rate_panel(report: RobustnessReport) -> Panel:
    table = Table(
        "Score and learning rate",
        "Where the range is placed decides what looks robust: the same trials around each arm's own centre, and by the "
        "learning rate itself. Trials at chance level are those that led to no usable model.",
        (),
        (),
    )
    rates = {
        "learning_rate_multiplier": "learning rate ÷ the arm's centre",
        "peak_learning_rate": "peak learning rate",
    }
    axes = _score_axes(report, [fact.score for fact in report.trials if fact.score is not None])
    figures = {
        f"{title}, {axis.caption}": plots.learning_rate_plot(report, field, title, axis)
        for axis in axes
        for field, title in rates.items()
    }
    return Panel(table, _drawn(figures))


def _score_axes(report: RobustnessReport, scores: Sequence[float]) -> tuple[ScoreAxis, ScoreAxis]:
    """One axis for all scores, and one for those that the profile looks at."""
    metric, sign = report.sweep.metric, report.sweep.sign
    best = sign * max(sign * score for score in scores)
    ends = (best - sign * (MAX_EPSILON_POINTS + 0.3) * POINT, best + sign * 0.3 * POINT)
    return ScoreAxis("all scores", metric), ScoreAxis("within 5 points of the best", metric, (min(ends), max(ends)))


def _drawn(figures: Mapping[str, go.Figure]) -> tuple[tuple[str, Markup], ...]:
    return tuple((caption, _embed(figure)) for caption, figure in figures.items())


def _embed(figure: go.Figure) -> Markup:
    """The plot as a fragment; plotly writes its JSON so that no text in it can end the script."""
    config = {"displaylogo": False, "responsive": True, "displayModeBar": False}
    fragment = cast("str", figure.to_html(full_html=False, include_plotlyjs=False, config=config))
    return Markup(fragment)  # noqa: S704
