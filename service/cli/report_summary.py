"""The part of a robustness report that fits a screen: how trials ended, what the arms' comparison says."""

from rich.console import Console

from service.cli.wording import make_table
from service.robustness.comparison import Comparison
from service.robustness.report import RobustnessReport
from service.robustness.tables import (
    Table,
    cost_table,
    endings_table,
    failures_table,
    profile_table,
    spread_table,
    wins_table,
)


def print_summary(report: RobustnessReport, console: Console) -> None:
    """Prints counts first, then each comparison as trained, then the cost."""
    for alert in report.alerts:
        console.print(f"Note: {alert}")
    _print_table(endings_table(report), console)
    if report.why_no_comparison:
        console.print(f"\n{report.why_no_comparison}")
    for comparison in report.comparisons:
        _print_comparison(comparison, console)
    _print_table(cost_table(report), console)


def _print_comparison(comparison: Comparison, console: Console) -> None:
    for view in comparison.views[:1]:
        for table_of in (profile_table, spread_table, failures_table, wins_table):
            _print_table(table_of(comparison.arms, view), console)
        console.print()
        for verdict in view.verdicts:
            console.print(f"• {verdict.sentence}")


def _print_table(table: Table, console: Console) -> None:
    console.print()
    console.print(make_table(table.header, table.rows, title=table.title))
