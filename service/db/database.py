"""The database of one process: an engine, and sessions that are one transaction each."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import QueuePool

from service.errors import DatabaseFull, DatabaseRefuses, DatabaseUnavailable, MadeMeanwhile

Session = AsyncSession
"""One transaction. Whoever opened it commits it; nobody else does."""

BUSY_SECONDS = 30
"""How long a writer waits for another one on SQLite, and a caller for a connection on PostgreSQL."""

FULL_SECONDS = 30.0
"""So long after the last write that found no room the disk counts as full: what is small may still fit in between."""

UNREACHABLE = ConnectionError | TimeoutError | FileNotFoundError | socket.gaierror
"""Nothing listens, no socket is there, or nobody knows the name of the host now."""
TAKEN = "23505"
TAKEN_ON_SQLITE = ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")
DISK_FULL = "53100"
FULL = "the disk of the database is full: free some space; nothing was half-written"
REFUSED_CLASSES = ("28", "3D", "42501")
"""Who we are, which database we mean, what we may do there: what starts with these stays as it is until changed."""
NO_DATABASE_FILE = "SQLITE_NOTADB"
UNAVAILABLE_CLASSES = ("08", "40", "53", "57")
"""PostgreSQL's SQLSTATE classes: connection, rollback (deadlock), resources, shut down. Asking again may help."""


class Database:
    """Opens sessions on SQLite or PostgreSQL, by URL."""

    def __init__(self, url: str) -> None:
        self.engine = _create_engine(url)
        self._writing_engine = self.engine.execution_options(writes=True)
        self._turns = _Turns() if self.engine.dialect.name == "sqlite" else contextlib.nullcontext()
        self._found_full_at = self._written_at = float("-inf")

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Session]:
        """A session that changes nothing."""
        with _refusals():
            async with AsyncSession(self.engine, expire_on_commit=False) as session:
                yield session

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Session]:
        """A session that changes nothing and sees everything as it stood at one moment."""
        async with self.read() as session:
            if self.engine.dialect.name == "postgresql":  # SQLite shows one moment to every transaction
                await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Session]:
        """A session whose changes are committed at its end, or not at all when it raises."""
        try:
            with _refusals():
                async with (
                    self._turns,
                    AsyncSession(self._writing_engine, expire_on_commit=False) as session,
                    session.begin(),
                ):
                    yield session
        except DatabaseFull:
            self._found_full_at = time.monotonic()
            raise
        self._written_at = time.monotonic()

    async def check(self) -> None:
        """Raises DatabaseUnavailable when the database does not answer, and DatabaseFull while writes find no room."""
        async with self.read() as session:
            await session.execute(text("SELECT 1"))
        is_recent = time.monotonic() - self._found_full_at < FULL_SECONDS
        if is_recent or self._written_at < self._found_full_at:
            raise DatabaseFull(FULL)

    def connections(self) -> dict[str, int]:
        """How many connections are in use, and how many wait for work."""
        pool = self.engine.pool
        assert isinstance(pool, QueuePool), f"a pool without counters: {pool!r}"
        return {"in_use": pool.checkedout(), "idle": pool.checkedin()}

    async def close(self) -> None:
        """Closes every connection."""
        await self.engine.dispose()


class _Turns:
    """Lets the writers of this process write one after another, in the order they came.

    SQLite takes one writer at a time and lets the others ask again and again: with many of them most of the time goes
    into asking, and the unlucky wait for ever.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    async def __aenter__(self) -> None:
        async with asyncio.timeout(BUSY_SECONDS):
            await self._lock.acquire()

    async def __aexit__(self, *_error: object) -> None:
        self._lock.release()


def _create_engine(url: str) -> AsyncEngine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_async_engine(
            url, pool_pre_ping=True, pool_timeout=BUSY_SECONDS, connect_args={"timeout": 10, "command_timeout": 60}
        )
    engine = create_async_engine(url, connect_args={"timeout": BUSY_SECONDS})
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself: `_begin_sqlite` does.
    connection.isolation_level = None
    cursor = connection.cursor()
    # FULL: an outcome that was acknowledged survives a power cut, not only a killed process.
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: upgrading a read lock later fails without waiting (SQLITE_BUSY).
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def _refusals() -> Iterator[None]:
    """Turns a full or absent database, and a lost race, into a refusal that says what to do. Bugs stay bugs."""
    try:
        yield
    except (DBAPIError, PoolTimeout, OSError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if _is_taken(cause):
            raise MadeMeanwhile("another request made the same thing at the same moment: ask again") from error
        if _is_full(cause):
            raise DatabaseFull(FULL) from error
        if _is_refused(cause):
            raise DatabaseRefuses(f"the database refuses us: {_words(cause)}") from error
        if _is_unavailable(error, cause):
            raise DatabaseUnavailable(f"the database does not answer: {cause}") from error
        raise


def _is_taken(cause: BaseException | None) -> bool:
    """Whether a key is there already. Whoever breaks another rule of the schema has a bug: parents are locked first."""
    return _sqlstate(cause) == TAKEN or getattr(cause, "sqlite_errorname", None) in TAKEN_ON_SQLITE


def _is_full(cause: BaseException | None) -> bool:
    return _sqlstate(cause) == DISK_FULL or "disk is full" in str(cause) or "No space left" in str(cause)


def _is_refused(cause: BaseException | None) -> bool:
    return _sqlstate(cause).startswith(REFUSED_CLASSES) or getattr(cause, "sqlite_errorname", None) == NO_DATABASE_FILE


def _is_unavailable(error: Exception, cause: BaseException | None) -> bool:
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout | UNREACHABLE):
        return True
    is_gone = isinstance(error, DBAPIError) and error.connection_invalidated
    return is_gone or _sqlstate(cause)[:2] in UNAVAILABLE_CLASSES


def _sqlstate(cause: BaseException | None) -> str:
    return str(getattr(cause, "sqlstate", None) or "")


def _words(cause: BaseException | None) -> str:
    """What the server says, without the name of the driver's class that SQLAlchemy puts before it."""
    return str(cause.__cause__ or cause) if cause else ""
