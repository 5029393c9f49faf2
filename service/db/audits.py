"""What an audit counts: queries over all that belongs to one sweep."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select

from service.db.database import Session
from service.db.events import EventRow
from service.db.results import ResultRow
from service.db.trials import AttemptRow, TrialRow


class EventTally(NamedTuple):
    """The events of a sweep, counted. None are numbered where there are none."""

    events: int
    first: int | None
    last: int | None


async def attempts(session: Session, sweep_id: str) -> dict[int, list[AttemptRow]]:
    """Trial id → its attempts, the first one first."""
    query = select(AttemptRow).join(TrialRow, TrialRow.id == AttemptRow.trial_id).where(TrialRow.sweep_id == sweep_id)
    found: dict[int, list[AttemptRow]] = {}
    for row in await session.scalars(query.order_by(AttemptRow.trial_id, AttemptRow.number)):
        found.setdefault(row.trial_id, []).append(row)
    return found


async def points(session: Session, sweep_id: str) -> dict[int, Counter[str]]:
    """Trial id → metric → how many of its results have it."""
    query = select(ResultRow.trial_id, ResultRow.metrics).join(TrialRow, TrialRow.id == ResultRow.trial_id)
    counts: dict[int, Counter[str]] = {}
    async for trial_id, metrics in await session.stream(query.where(TrialRow.sweep_id == sweep_id)):
        counts.setdefault(trial_id, Counter()).update(metrics.keys())
    return counts


async def tally_events(session: Session, sweep_id: str) -> EventTally:
    """How the sweep's events are numbered."""
    numbers = (func.count(), func.min(EventRow.sequence), func.max(EventRow.sequence))
    return EventTally(*(await session.execute(select(*numbers).where(EventRow.sweep_id == sweep_id))).one())


async def events_of_kinds(session: Session, sweep_id: str, *kinds: str) -> Sequence[EventRow]:
    """The sweep's events of these kinds, in order."""
    query = select(EventRow).where(EventRow.sweep_id == sweep_id, EventRow.kind.in_(kinds))
    return (await session.scalars(query.order_by(EventRow.sequence))).all()


async def told_since(session: Session, sweep_id: str, sequence: int) -> tuple[set[int], bool]:
    """Numbers of the trials that later events tell of, and whether any tells of the sweep itself."""
    query = select(EventRow.kind, EventRow.data).where(EventRow.sweep_id == sweep_id, EventRow.sequence > sequence)
    numbers: set[int] = set()
    tells_of_sweep = False
    async for kind, data in await session.stream(query):
        numbers |= {data["number"]} if "number" in data else set()
        tells_of_sweep |= kind.startswith("sweep.")
    return numbers, tells_of_sweep
