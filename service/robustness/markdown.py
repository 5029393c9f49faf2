"""The report as Markdown, for terminals, notebooks and pull requests."""

from service.robustness.comparison import Comparison, View
from service.robustness.report import RobustnessReport
from service.robustness.tables import (
    Table,
    best_table,
    cost_table,
    cuts_sentence,
    endings_table,
    pairs_table,
    tests_table,
    view_tables,
)
from service.robustness.verdicts import Verdict


def render_markdown(report: RobustnessReport) -> str:
    """The whole report; text from people and clusters is escaped."""
    sweep = report.sweep
    matched = f", equal {sweep.match.replace('_', ' ')}" if report.comparisons else ""
    parts = [
        f"# Robustness of {escaped(sweep.name)}",
        f"{escaped(sweep.dataset)}, {sweep.metric} ({sweep.goal}), {sweep.design} design{matched}; "
        f"sweep `{escaped(sweep.sweep_id)}`.",
        *(f"> **Note:** {escaped(alert)}" for alert in report.alerts),
        markdown_table(endings_table(report)),
    ]
    if report.comparisons:
        parts.append(markdown_table(pairs_table(report.comparisons)))
    parts += _verdicts(report)
    for comparison in report.comparisons:
        parts += _comparison(comparison)
    parts += [markdown_table(best_table(report)), markdown_table(cost_table(report))]
    if report.tests:
        parts.append(markdown_table(tests_table(report)))
    parts.append(
        f"Intervals are at {report.confidence:.0%}; bootstraps draw {report.resamples:,} resamples of pairs, "
        f"seed {report.seed}."
    )
    return "\n\n".join(parts) + "\n"


def markdown_table(table: Table) -> str:
    """The table under its title."""
    lines = [
        f"#### {table.title}",
        "",
        escaped(table.reading),
        "",
        _row([escaped(cell) for cell in table.header]),
        _row(["---"] * len(table.header)),
        *(_row([escaped(cell) for cell in row]) for row in table.rows),
    ]
    return "\n".join(lines)


def escaped(text: str) -> str:
    """The text on one line, with escapes for what would end a cell, start HTML, code, emphasis or a link."""
    line = " ".join(text.split()).replace("\\", "\\\\").replace("&", "&amp;").replace("<", "&lt;")
    for mark in ("`", "*", "|"):
        line = line.replace(mark, f"\\{mark}")
    return line.replace("](", "]\\(")


def _verdicts(report: RobustnessReport) -> list[str]:
    if report.why_no_comparison:
        return [escaped(report.why_no_comparison)]
    sentences = [f"- {escaped(verdict.sentence)}" for pair in report.comparisons for verdict in _as_trained(pair)]
    return ["## In short", "\n".join(sentences)]


def _as_trained(comparison: Comparison) -> list[Verdict]:
    return [verdict for view in comparison.views[:1] for verdict in view.verdicts]


def _comparison(comparison: Comparison) -> list[str]:
    title = f"## {escaped(comparison.arms[0])} and {escaped(comparison.arms[1])}"
    if comparison.reason:
        return [title, f"No figures: {escaped(comparison.reason)}."]
    return [title, *(part for view in comparison.views for part in _view(comparison, view))]


def _view(comparison: Comparison, view: View) -> list[str]:
    if not view.cuts:
        return [markdown_table(table) for table in view_tables(comparison.arms, view)]
    title = f"### At {view.title}"
    if not any(cuts.cut for cuts in view.cuts):
        return [title, cuts_sentence(view)]
    sentences = "\n".join(f"- {escaped(verdict.sentence)}" for verdict in view.verdicts)
    tables = [markdown_table(table) for table in view_tables(comparison.arms, view)]
    return [title, escaped(cuts_sentence(view)), sentences, *tables]


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
