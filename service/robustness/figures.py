"""Every figure of a report with its place in it: the page embeds them, and each can stand alone.

Alone they are Plotly's own JSON, which holds the numbers as well as the drawing: `plotly.io.from_json` opens it. A
picture would need a browser that plotly can drive, and a page of its own would carry 5 MB of plotly.js each time; the
report's page carries it once, for all.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import plotly.graph_objects as go

from service.robustness import plots
from service.robustness.comparison import Comparison, View
from service.robustness.plots import ScoreAxis
from service.robustness.profile import MAX_EPSILON_POINTS, POINT
from service.robustness.report import RobustnessReport

Figures = Mapping[str, go.Figure]
"""Figures by caption."""


@dataclass(frozen=True)
class ViewFigures:
    """The figures of one comparison on one set of scores."""

    profiles: Figures
    spread: Figures
    wins: Figures
    failures: Figures


def figure_files(report_json: str) -> dict[str, str]:
    """Every figure of the report as Plotly's JSON, by a file name that tells what it shows."""
    report = RobustnessReport.model_validate_json(report_json)
    files = {}
    for words, figure in _all_figures(report):
        title = ", ".join(word for word in words if word)
        figure.update_layout(title=title, paper_bgcolor="white", plot_bgcolor="white", margin={"t": 80})
        files[f"{_file_name(words)}.json"] = cast("str", figure.to_json())
    return files


def view_figures(report: RobustnessReport, comparison: Comparison, view: View) -> ViewFigures:
    """The figures of a comparison's view."""
    arms = comparison.arms
    colors = arm_colors(report)
    shades = [colors[arm] for arm in arms]
    axes = _score_axes(report, [score for point in view.points for score in (point.score_a, point.score_b)])
    own, common = (plots.profile_plot(profile, arms, shades) for profile in view.profiles)
    return ViewFigures(
        profiles={"from each arm's own best": own, "from the best of both": common},
        spread={axis.caption: plots.distribution_plot(view, arms, shades, axis) for axis in axes},
        wins={axis.caption: plots.pair_plot(view, arms, shades, axis) for axis in axes},
        failures={"with Wilson intervals": plots.failure_plot(view, arms, shades)},
    )


def learning_rate_figures(report: RobustnessReport) -> Figures:
    """Scores against learning rates; none where no trial has a score."""
    scores = [fact.score for fact in report.trials if fact.score is not None]
    if not scores:
        return {}
    rates = {
        "learning_rate_multiplier": "learning rate ÷ the arm's centre",
        "peak_learning_rate": "peak learning rate",
    }
    return {
        f"{title}, {axis.caption}": plots.learning_rate_plot(report, field, title, axis)
        for axis in _score_axes(report, scores)
        for field, title in rates.items()
    }


def cost_figures(report: RobustnessReport) -> Figures:
    """What each arm cost."""
    return {"": plots.cost_plot(report.arms)}


def arm_colors(report: RobustnessReport) -> dict[str, str]:
    """The colour of every arm."""
    return {arm.name: plots.arm_color(index) for index, arm in enumerate(report.arms)}


def _all_figures(report: RobustnessReport) -> Iterator[tuple[tuple[str, ...], go.Figure]]:
    """Every figure, after the words that tell what it shows."""
    for comparison in report.comparisons:
        for view in comparison.views:
            figures = view_figures(report, comparison, view)
            for kind in ("profiles", "spread", "wins", "failures"):
                for caption, figure in getattr(figures, kind).items():
                    yield (" against ".join(comparison.arms), view.title, kind, caption), figure
    for caption, figure in learning_rate_figures(report).items():
        yield ("learning rates", caption), figure
    for caption, figure in cost_figures(report).items():
        yield ("cost", caption), figure


def _score_axes(report: RobustnessReport, scores: Sequence[float]) -> tuple[ScoreAxis, ScoreAxis]:
    """One axis for all scores, and one for those that the profile looks at."""
    metric, sign = report.sweep.metric, report.sweep.sign
    best = sign * max(sign * score for score in scores)
    ends = (best - sign * (MAX_EPSILON_POINTS + 0.3) * POINT, best + sign * 0.3 * POINT)
    return ScoreAxis("all scores", metric), ScoreAxis("within 5 points of the best", metric, (min(ends), max(ends)))


def _file_name(words: Sequence[str]) -> str:
    return ".".join(re.sub(r"\W+", "-", word).strip("-") for word in words if word)
