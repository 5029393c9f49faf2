"""Service processes for faults, and the table of what held at the end of the run."""

from collections.abc import Iterator

import pytest
from chaos.table import TABLE
from chaos.zygote import Zygote


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """Starts services quickly."""
    zygote = Zygote()
    yield zygote
    zygote.end()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints faults × invariants, with counts."""
    if TABLE.visits:
        terminalreporter.section("faults × invariants (trials, attempts, runners, runs and events found in order)")
        for line in TABLE.lines():
            terminalreporter.line(line)
