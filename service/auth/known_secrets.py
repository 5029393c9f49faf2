"""Which secrets open something now, as hashes in memory: a flood of wrong ones costs no query for each."""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Awaitable, Callable
from datetime import datetime

from service.db import keys, runners
from service.db.database import Database
from service.errors import SweepServiceError

FRESH_SECONDS = 1.0
"""A key that was made this long ago is known at the latest."""

Digests = frozenset[str]


class KnownSecrets:
    """Knows the secrets whose digests `read` gives, which is asked no more often than every `FRESH_SECONDS`."""

    def __init__(self, read: Callable[[], Awaitable[Digests]], clock: Callable[[], float] = time.monotonic) -> None:
        self._read = read
        self._clock = clock
        self._reading = asyncio.Lock()
        self._read_at = float("-inf")
        self._digests: Digests = frozenset()

    async def knows(self, text: str) -> bool:
        """Whether the text is an API key or a token of a runner that worked a moment ago."""
        async with self._reading:
            if self._clock() - self._read_at >= FRESH_SECONDS:
                # While the database is away, what was known before is known still.
                with contextlib.suppress(SweepServiceError):
                    self._digests = await self._read()
                self._read_at = self._clock()
        return not self._digests.isdisjoint({_sha256(text), _sha256(text.rpartition("_")[2])})


async def read_digests(database: Database, now: datetime) -> Digests:
    """Hashes of the secrets of keys that work, and of the tokens of runners whose sweeps have not finished."""
    async with database.read() as session:
        working = await keys.working(session, now)
        tokens = await runners.tokens_of_unfinished(session)
    return frozenset({key.secret_sha256 for key in working} | {*tokens})


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
