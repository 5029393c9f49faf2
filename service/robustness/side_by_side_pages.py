"""Sweeps side by side for people: as Markdown, and as one HTML page that needs nothing else."""

from service.robustness.html import page_environment
from service.robustness.markdown import escaped, markdown_table
from service.robustness.side_by_side import Side, SideBySide, arms_table, figures_table, sweeps_table


def render_side_by_side_markdown(both: SideBySide) -> str:
    """The whole text; what people wrote is escaped."""
    parts = [
        f"# {' and '.join(escaped(one.sweep.name) for one in both.sweeps)} side by side",
        *(f"> **Note:** {escaped(caution)}" for caution in both.cautions),
        *(markdown_table(table) for table in (sweeps_table(both), arms_table(both), figures_table(both))),
        *(part for one in both.sweeps for part in _side(one)),
    ]
    return "\n\n".join(parts) + "\n"


def render_side_by_side_html(both: SideBySide) -> str:
    """The whole page; every text from people is escaped by the template."""
    return (
        page_environment()
        .get_template("side_by_side.html")
        .render(
            both=both,
            names=[one.sweep.name for one in both.sweeps],
            tables=[sweeps_table(both), arms_table(both), figures_table(both)],
        )
    )


def _side(one: Side) -> list[str]:
    parts = [f"## {escaped(one.sweep.name)} (`{escaped(one.sweep.sweep_id)}`)"]
    parts += [f"> **Note:** {escaped(alert)}" for alert in one.alerts]
    if one.why_no_comparison:
        parts.append(escaped(one.why_no_comparison))
    sentences = [verdict.sentence for figures in one.comparisons for verdict in figures.verdicts]
    if sentences:
        parts.append("\n".join(f"- {escaped(sentence)}" for sentence in sentences))
    return parts
