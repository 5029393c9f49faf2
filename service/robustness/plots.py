"""The report's interactive plots. Colours of text and grid come from the page, so that it can be dark or light."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go

from service.robustness.arms import ArmSummary, TrialFact
from service.robustness.comparison import View
from service.robustness.estimates import Estimate
from service.robustness.profile import Band, Profile
from service.robustness.report import RobustnessReport

ARM_COLORS = ("#3f74d1", "#e2703a", "#2e9e74", "#b1559f", "#c19a2e", "#5a9fb8", "#c94f5d", "#7a6fd0")
"""Told apart by colour-blind readers, on white and on near-black."""

SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "star", "hexagon", "pentagon")
NEUTRAL = "#8b93a1"


PAIRED = "#7d6bb8"
"""What belongs to both arms."""

SILENT: dict[str, Any] = {"hoverinfo": "skip", "showlegend": False}
"""For lines and shapes that only guide the eye."""


@dataclass(frozen=True)
class ScoreAxis:
    """The axis that scores are drawn on; without ends it holds all of them."""

    caption: str
    title: str
    ends: tuple[float, float] | None = None


def arm_color(index: int) -> str:
    """The colour of the arm at this place of the spec; colours repeat after eight."""
    return ARM_COLORS[index % len(ARM_COLORS)]


def profile_plot(profile: Profile, names: Sequence[str], colors: Sequence[str]) -> go.Figure:
    """ρ(ε) of both arms with bands; higher is more robust."""
    figure = _figure(height=360)
    curve = profile.curve
    for band, name, color in zip((curve.a, curve.b), names, colors, strict=True):
        _add_band(figure, curve.epsilon_points, band, color)
        line = {"color": color, "width": 2.5, "shape": "hv"}
        hover = "within %{x} points: %{y:.0%}<extra>" + name + "</extra>"
        figure.add_scatter(
            x=curve.epsilon_points, y=band.share, name=name, mode="lines", line=line, hovertemplate=hover
        )
    figure.update_xaxes(title_text="ε: points below the best", range=[0, curve.epsilon_points[-1]])
    figure.update_yaxes(title_text="share of configurations", range=[0, 1.02], tickformat=".0%")
    return figure


def distribution_plot(view: View, names: Sequence[str], colors: Sequence[str], axis: ScoreAxis) -> go.Figure:
    """Every score as a dot beside its arm's box, with a line between the two scores of a pair."""
    figure = _figure(height=400)
    columns = [[point.score_a for point in view.points], [point.score_b for point in view.points]]
    thread = {"color": NEUTRAL, "width": 1}
    for pair in zip(*columns, strict=True):
        figure.add_scatter(x=[0.18, 0.82], y=pair, mode="lines", line=thread, opacity=0.35, **SILENT)
    points = [point.point for point in view.points]
    for place, (scores, color) in enumerate(zip(columns, colors, strict=True)):
        figure.add_box(y=scores, x0=place, width=0.26, boxpoints=False, line={"color": color, "width": 1.5}, **SILENT)
        marker = {"color": color, "size": 6, "symbol": SYMBOLS[place]}
        dots = [0.18 if place == 0 else 0.82] * len(scores)
        hover = "point %{customdata}: %{y:.4f}<extra></extra>"
        figure.add_scatter(
            x=dots, y=scores, mode="markers", marker=marker, customdata=points, hovertemplate=hover, showlegend=False
        )
    figure.update_xaxes(tickvals=[0, 1], ticktext=list(names), range=[-0.35, 1.35], showgrid=False)
    figure.update_yaxes(title_text=axis.title, range=axis.ends)
    return figure


def pair_plot(view: View, names: Sequence[str], colors: Sequence[str], axis: ScoreAxis) -> go.Figure:
    """One mark per pair: arm a's score across, arm b's score up; on the diagonal they are equal."""
    figure = _figure(height=400)
    scores = [score for point in view.points for score in (point.score_a, point.score_b)]
    ends = [min(scores), max(scores)]
    figure.add_scatter(x=ends, y=ends, mode="lines", line={"color": NEUTRAL, "width": 1, "dash": "dot"}, **SILENT)
    for failed, label, symbol in [(False, "both trained", "circle"), (True, "one or both failed", "x-thin-open")]:
        group = [point for point in view.points if (point.failed_a or point.failed_b) is failed]
        figure.add_scatter(
            x=[point.score_a for point in group],
            y=[point.score_b for point in group],
            name=label,
            mode="markers",
            marker={"color": PAIRED, "size": 9, "opacity": 0.75, "symbol": symbol},
            customdata=[point.point for point in group],
            hovertemplate="point %{customdata}: %{x:.4f} and %{y:.4f}<extra></extra>",
        )
    for title, update, color in zip(names, (figure.update_xaxes, figure.update_yaxes), colors, strict=True):
        update(title_text=f"{axis.title}, {title}", range=axis.ends, linecolor=color, linewidth=3, showline=True)
    return figure


def failure_plot(view: View, names: Sequence[str], colors: Sequence[str]) -> go.Figure:
    """Failure rates with their Wilson intervals."""
    figure = _figure(height=200)
    for rate, name, color in zip((view.failures.rate.a, view.failures.rate.b), names, colors, strict=True):
        figure.add_scatter(
            x=[rate.value],
            y=[name],
            mode="markers",
            marker={"color": color, "size": 11},
            error_x=_whiskers(rate, color),
            hovertemplate="%{x:.1%}<extra></extra>",
            showlegend=False,
        )
    figure.update_xaxes(title_text="share of configurations that failed", tickformat=".0%", rangemode="tozero")
    figure.update_yaxes(range=[1.6, -0.6], ticksuffix=" ")
    return figure


def learning_rate_plot(report: RobustnessReport, field: str, title: str, axis: ScoreAxis) -> go.Figure:
    """Score of every trial that counts against a learning rate; `field` is a field of TrialFact."""
    figure = _figure(height=360)
    for index, arm in enumerate(report.arms):
        facts = [fact for fact in report.trials if fact.arm == arm.name and fact.score is not None]
        _add_trials(figure, facts, field, arm.name, index)
    figure.update_xaxes(title_text=title, type="log")
    figure.update_yaxes(title_text=axis.title, range=axis.ends)
    return figure


def cost_plot(arms: Sequence[ArmSummary]) -> go.Figure:
    """Device-seconds of each arm over all its trials."""
    figure = _figure(height=120 + 40 * len(arms))
    for index, arm in enumerate(arms):
        figure.add_bar(
            x=[arm.cost.device_seconds],
            y=[arm.name],
            width=0.5,
            orientation="h",
            marker_color=arm_color(index),
            customdata=[arm.cost.image_passes],
            hovertemplate="%{x:,.0f} device-seconds, %{customdata:,} image passes<extra></extra>",
            showlegend=False,
        )
    figure.update_xaxes(title_text="device-seconds in all")
    figure.update_yaxes(autorange="reversed", ticksuffix=" ")
    return figure


def _figure(height: int) -> go.Figure:
    layout: dict[str, Any] = {
        "height": height,
        "margin": {"l": 8, "r": 12, "t": 12, "b": 8},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "Inter, system-ui, sans-serif", "size": 13},
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        "hoverlabel": {"font_size": 13},
    }
    figure = go.Figure(layout=layout)
    figure.update_xaxes(automargin=True, zeroline=False, title_standoff=10, title_font_size=13)
    figure.update_yaxes(automargin=True, zeroline=False, title_standoff=10, title_font_size=13)
    return figure


def _add_band(figure: go.Figure, epsilons: Sequence[float], band: Band, color: str) -> None:
    if band.low is None or band.high is None:
        return
    edge = {"color": color, "width": 0, "shape": "hv"}
    figure.add_scatter(x=epsilons, y=band.low, mode="lines", line=edge, **SILENT)
    red, green, blue = (int(color[place : place + 2], 16) for place in (1, 3, 5))
    shade = f"rgba({red}, {green}, {blue}, 0.16)"
    figure.add_scatter(x=epsilons, y=band.high, mode="lines", line=edge, fill="tonexty", fillcolor=shade, **SILENT)


def _whiskers(rate: Estimate, color: str) -> dict[str, Any]:
    """The distances from the rate to the ends of its Wilson interval, which every rate has."""
    assert rate.value is not None
    assert rate.low is not None
    assert rate.high is not None
    above, below = rate.high - rate.value, rate.value - rate.low
    ends = {"type": "data", "symmetric": False, "array": [above], "arrayminus": [below]}
    return {**ends, "color": color, "thickness": 2, "width": 7}


def _add_trials(figure: go.Figure, facts: Sequence[TrialFact], field: str, name: str, index: int) -> None:
    figure.add_scatter(
        x=[getattr(fact, field) for fact in facts],
        y=[fact.score for fact in facts],
        name=name,
        mode="markers",
        marker={"color": arm_color(index), "size": 7, "opacity": 0.75, "symbol": SYMBOLS[index % len(SYMBOLS)]},
        customdata=[[fact.number, fact.outcome.value if fact.outcome else ""] for fact in facts],
        hovertemplate="trial %{customdata[0]} (%{customdata[1]}): %{y:.4f} at %{x:.3g}<extra>" + name + "</extra>",
    )
