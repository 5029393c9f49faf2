"""Pages of trials are read from an index in their order, whatever they are filtered by."""

from typing import Any

import pytest
from fakes.ledger import small_spec
from fakes.many_trials import write_ended_trials
from sqlalchemy import event

from search_spaces.outcomes import Outcome
from service.db import trials
from service.db.database import Database
from service.db.trials import TrialFilter
from service.lifecycle import TrialState

FILTERS = [
    TrialFilter(),
    TrialFilter(arm="supcon"),
    TrialFilter(state=TrialState.ENDED),
    TrialFilter(outcome=Outcome.FAILED),
    TrialFilter(outcome=Outcome.PRUNED),
    TrialFilter(point=4900),
    TrialFilter(arm="supcon", outcome=Outcome.FAILED),
]


async def explain(database: Database, matching: TrialFilter) -> str:
    """How the database reads a page of those trials."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> None:
        sent.append((statement, parameters))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    async with database.read() as session:
        await trials.page(session, "b16", limit=100, after=5000, matching=matching)
    event.remove(database.engine.sync_engine, "before_cursor_execute", note)
    statement, parameters = sent[-1]
    how = "EXPLAIN QUERY PLAN" if database.engine.dialect.name == "sqlite" else "EXPLAIN"
    async with database.engine.connect() as connection:
        rows = await connection.exec_driver_sql(f"{how} {statement}", parameters)
        return "\n".join(str(row) for row in rows)


@pytest.mark.slow
async def test_every_page_comes_from_an_index_without_sorting_or_scanning(database: Database) -> None:
    await write_ended_trials(database, small_spec(), "b16", 10_000)
    for matching in FILTERS:
        plan = await explain(database, matching)
        assert "index" in plan.lower(), (matching, plan)
        for slow in ("Seq Scan", "Sort", "TEMP B-TREE", "SCAN trials"):
            assert slow not in plan, (matching, plan)


async def test_ended_trials_are_counted_for_many_sweeps_at_once(database: Database) -> None:
    await write_ended_trials(database, small_spec(), "a", 4)
    await write_ended_trials(database, small_spec(), "b", 2)
    async with database.read() as session:
        assert await trials.count_ended(session, ["a", "b", "c"]) == {"a": 4, "b": 2}
        assert await trials.count_ended(session, []) == {}
