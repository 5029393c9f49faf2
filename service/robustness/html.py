"""The report as one HTML page that needs nothing else: style, plots and plotly.js are inside it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import cast

import plotly.graph_objects as go
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from service.robustness.comparison import Comparison, View
from service.robustness.figures import Figures, arm_colors, cost_figures, learning_rate_figures, view_figures
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


def render_html(report: RobustnessReport, *, goes_on: Callable[[], None] = lambda: None) -> str:
    """The whole page; every text from people and clusters is escaped by the template. Calls `goes_on` per view."""

    def view_panels(comparison: Comparison, view: View) -> tuple[Panel, ...]:
        goes_on()
        return _view_panels(report, comparison, view)

    template = page_environment().get_template("report.html")
    return template.render(
        report=report,
        colors=arm_colors(report),
        plotly_js=Markup(get_plotlyjs()),  # noqa: S704  # the library's own file
        counts=_count_tables(report),
        view_panels=view_panels,
        cuts_sentence=cuts_sentence,
        sweep_panels=_sweep_panels(report),
        closing_tables=[best_table(report), *([tests_table(report)] if report.tests else [])],
    )


@cache
def page_environment() -> Environment:
    """Where the templates of pages are."""
    loader = PackageLoader("service.robustness", "page")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)


def _count_tables(report: RobustnessReport) -> list[Table]:
    return [endings_table(report), *([pairs_table(report.comparisons)] if report.comparisons else [])]


def _view_panels(report: RobustnessReport, comparison: Comparison, view: View) -> tuple[Panel, ...]:
    arms = comparison.arms
    drawn = view_figures(report, comparison, view)
    return (
        Panel(profile_table(arms, view), _drawn(drawn.profiles)),
        Panel(spread_table(arms, view), _drawn(drawn.spread)),
        Panel(wins_table(arms, view), _drawn(drawn.wins)),
        Panel(failures_table(arms, view), _drawn(drawn.failures)),
    )


def _sweep_panels(report: RobustnessReport) -> tuple[Panel, ...]:
    learning_rates = learning_rate_figures(report)
    return (
        *([Panel(_learning_rate_table(), _drawn(learning_rates))] if learning_rates else []),
        Panel(cost_table(report), _drawn(cost_figures(report))),
    )


def _learning_rate_table() -> Table:
    return Table(
        "Score and learning rate",
        "Where the range is placed decides what looks robust: the same trials around each arm's own centre, and by the "
        "learning rate itself. Trials at chance level are those that led to no usable model.",
        (),
        (),
    )


def _drawn(figures: Figures) -> tuple[tuple[str, Markup], ...]:
    return tuple((caption, _embed(figure)) for caption, figure in figures.items())


def _embed(figure: go.Figure) -> Markup:
    """The plot as a fragment; plotly writes its JSON so that no text in it can end the script."""
    config = {"displaylogo": False, "responsive": True, "displayModeBar": False}
    fragment = cast("str", figure.to_html(full_html=False, include_plotlyjs=False, config=config))
    return Markup(fragment)  # noqa: S704
