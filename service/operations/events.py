"""What a person does with events: read a page, or follow them until the sweep has finished."""

import asyncio
from collections.abc import AsyncIterator

from service.db import events, sweeps
from service.db.database import Database, Session
from service.db.events import EventRow
from service.lifecycle import FINISHED_STATES
from service.schemas.events import EventPage, EventView

PAGE = 500
POLL_SECONDS = 0.3


async def list_events(session: Session, sweep_id: str, *, after: int, limit: int) -> EventPage:
    """Up to `limit` events that follow the sequence `after`."""
    items = [_view(row) for row in await events.after(session, sweep_id, after, limit=limit)]
    return EventPage(items=items, last_sequence=items[-1].sequence if items else after)


async def follow_events(database: Database, sweep_id: str, *, after: int) -> AsyncIterator[EventView | None]:
    """Every event that follows `after`, in order, until the finished sweep has no more.

    None comes between them whenever there is nothing new, so that a reader can tell silence from death.

    The database is asked rather than a queue in memory: events of other processes come the same way, and
    a slow reader holds nothing up.
    """
    while True:
        async with database.read() as session:
            sweep = await sweeps.find(session, sweep_id)
            page = await events.after(session, sweep_id, after, limit=PAGE)
        for row in page:
            yield _view(row)
            after = row.sequence
        if sweep is None or (sweep.state in FINISHED_STATES and after >= sweep.event_count):
            return
        if not page:
            yield None
            await asyncio.sleep(POLL_SECONDS)


def _view(row: EventRow) -> EventView:
    return EventView.model_validate(row, from_attributes=True)
