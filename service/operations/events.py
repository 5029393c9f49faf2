"""What a person does with events: read a page, or follow them until the sweep has finished."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from itertools import islice

from service.db import events, sweeps
from service.db.database import Database, Session
from service.db.events import EventRow
from service.errors import SweepServiceError
from service.lifecycle import FINISHED_STATES
from service.schemas.events import EventPage, EventView

PAGE = 500
KEPT = 2000
"""Events of a sweep that are kept for those who follow it closely."""
POLL_SECONDS = 0.3

log = logging.getLogger(__name__)


async def list_events(session: Session, sweep_id: str, *, after: int, limit: int) -> EventPage:
    """Up to `limit` events that follow the sequence `after`."""
    items = [_view(row) for row in await events.after(session, sweep_id, after, limit=limit)]
    return EventPage(items=items, last_sequence=items[-1].sequence if items else after)


class EventFeeds:
    """The sweeps that somebody in this process follows, each read from the database once for all of them.

    The database is asked rather than a queue in memory: events of other processes come the same way, and a slow
    reader holds nothing up: what it has missed it reads by itself.
    """

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping
        self._feeds: dict[str, _Feed] = {}

    async def follow(
        self, database: Database, sweep_id: str, *, after: int, silence_seconds: float
    ) -> AsyncGenerator[Sequence[EventView]]:
        """Every event that follows `after`, in order and in batches, until the finished sweep has no more.

        An empty batch comes after every silence of `silence_seconds`, so that a reader can tell it from death. The
        end comes early when the process stops or has a bug: whoever follows goes on, here or elsewhere, from the last
        event that came.
        """
        feed = self._join(database, sweep_id, after)
        try:
            while not self._stopping.is_set():
                news_came = feed.news_came
                batch = feed.kept_after(after)
                if batch is None:
                    batch = await _read(database, sweep_id, after)
                if batch:
                    yield batch
                    after = batch[-1].sequence
                elif feed.is_over:
                    return
                elif not await _happens(news_came, silence_seconds):
                    yield []
        finally:
            self._leave(sweep_id, feed)

    def _join(self, database: Database, sweep_id: str, after: int) -> "_Feed":
        feed = self._feeds.get(sweep_id)
        if feed is None or feed.is_over:
            feed = self._feeds[sweep_id] = _Feed(sweep_id, after)
            feed.reader = asyncio.create_task(feed.read(database, self._stopping), name=f"events of {sweep_id}")
        feed.followers += 1
        return feed

    def _leave(self, sweep_id: str, feed: "_Feed") -> None:
        feed.followers -= 1
        if feed.followers:
            return
        assert feed.reader is not None, "a feed without a reader"
        feed.reader.cancel()
        if self._feeds.get(sweep_id) is feed:
            del self._feeds[sweep_id]


class _Feed:
    """The newest events of one sweep, for everybody who follows it here."""

    def __init__(self, sweep_id: str, after: int) -> None:
        self.followers = 0
        self.reader: asyncio.Task[None] | None = None
        self.is_over = False
        """The sweep has finished and no event is left, or nobody reads any more."""
        self.news_came = asyncio.Event()
        """Set, and replaced by a new one, whenever there is something to look at."""
        self._sweep_id = sweep_id
        self._last = after
        self._kept: deque[EventView] = deque(maxlen=KEPT)

    def kept_after(self, after: int) -> list[EventView] | None:
        """The events that follow `after`; None where they have to be read from the database."""
        first = self._kept[0].sequence if self._kept else self._last + 1
        if after + 1 < first:
            return None
        return list(islice(self._kept, after + 1 - first, None))

    async def read(self, database: Database, stopping: asyncio.Event) -> None:
        """Keeps reading what is new until the sweep is over or the process stops."""
        try:
            while not self.is_over and not stopping.is_set():
                if not await self._read_once(database):
                    await _happens(stopping, POLL_SECONDS)
        except Exception:
            log.exception("events are read no more", extra={"sweep": self._sweep_id})
        finally:
            # However it ends, nobody waits for more: a follower whose sweep goes on comes again, and gets a new reader.
            self.is_over = True
            self._tell()

    async def _read_once(self, database: Database) -> bool:
        """Whether something had happened."""
        try:
            async with database.read() as session:
                position = await sweeps.position(session, self._sweep_id)
                is_new = position is not None and position.event_count > self._last
                rows = await events.after(session, self._sweep_id, self._last, limit=PAGE) if is_new else []
        except SweepServiceError as error:
            log.warning("events cannot be read", extra={"reason": error.detail})
            return False
        self._kept.extend(_view(row) for row in rows)
        self._last = rows[-1].sequence if rows else self._last
        self.is_over = position is None or (position.state in FINISHED_STATES and self._last >= position.event_count)
        if rows or self.is_over:
            self._tell()
        return bool(rows)

    def _tell(self) -> None:
        self.news_came.set()
        self.news_came = asyncio.Event()


async def _read(database: Database, sweep_id: str, after: int) -> list[EventView]:
    async with database.read() as session:
        return [_view(row) for row in await events.after(session, sweep_id, after, limit=PAGE)]


async def _happens(event: asyncio.Event, within_seconds: float) -> bool:
    try:
        await asyncio.wait_for(event.wait(), within_seconds)
    except TimeoutError:
        return False
    return True


def _view(row: EventRow) -> EventView:
    return EventView.model_validate(row, from_attributes=True)
