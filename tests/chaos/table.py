"""The table of faults × invariants: how often each fault was played, and how many things were found in order."""

from collections import Counter

from chaos.evidence import Evidence
from chaos.invariants import INVARIANTS


class Table:
    """Counts of one test run."""

    def __init__(self) -> None:
        self.visits: Counter[str] = Counter()
        self.checked: Counter[tuple[str, str]] = Counter()
        self.broken: Counter[tuple[str, str]] = Counter()

    def check(self, fault: str, evidence: Evidence) -> None:
        """Checks every invariant after the fault. Raises AssertionError with all that are broken."""
        self.visits[fault] += 1
        problems = []
        for name, holds in INVARIANTS.items():
            try:
                self.checked[fault, name] += holds(evidence)
            except AssertionError as problem:
                self.broken[fault, name] += 1
                problems.append(f"{name}: {problem}")
        assert not problems, f"after {fault}: " + "; ".join(problems)

    def lines(self) -> list[str]:
        """The table as text; a cell counts trials, attempts, runners, runs or events that were in order."""
        names = list(INVARIANTS)
        width = max(len("fault"), *(len(fault) for fault in self.visits))
        header = f"{'fault':<{width}}  times  " + "  ".join(names)
        return [header, *(self._line(fault, names, width) for fault in self.visits)]

    def _line(self, fault: str, names: list[str], width: int) -> str:
        cells = [self._cell(fault, name).rjust(len(name)) for name in names]
        return f"{fault:<{width}}  {self.visits[fault]:>5}  " + "  ".join(cells)

    def _cell(self, fault: str, name: str) -> str:
        broken = self.broken[fault, name]
        return f"{self.checked[fault, name]}" + (f" BROKEN {broken}" if broken else "")


TABLE = Table()
"""Filled by every test of this folder, printed at the end of the run."""
