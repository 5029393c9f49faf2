"""How the command writes what it shows: counts, scores, times, tables."""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.console import Console
from rich.table import Table

from search_spaces.outcomes import Outcome

WIDTH_WITHOUT_TERMINAL = 120


def make_console() -> Console:
    """Standard output; texts are shown as they are, whoever wrote them."""
    width = None if sys.stdout.isatty() else WIDTH_WITHOUT_TERMINAL
    return Console(width=width, markup=False, highlight=False, emoji=False)


def make_table(header: Sequence[str], rows: Sequence[Sequence[str]], title: str | None = None) -> Table:
    """A table that folds long cells instead of cutting them."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def endings(outcomes: Mapping[Outcome, int]) -> str:
    """Endings with their counts, in the order of the vocabulary."""
    named = [f"{outcomes[outcome]} {outcome.value.replace('_', ' ')}" for outcome in Outcome if outcomes.get(outcome)]
    return ", ".join(named) or "–"


def score(value: float | None) -> str:
    """A score with four decimals."""
    return "–" if value is None else f"{value:.4f}"


def moment(at: datetime | None) -> str:
    """A time in the reader's zone."""
    return "–" if at is None else f"{at.astimezone():%Y-%m-%d %H:%M:%S}"
