"""What handlers ask for in their signatures: parts of the service, sessions, the caller, the caller's sweep."""

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path, Query, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from service.auth.callers import Caller
from service.auth.keys import check_key, is_use_to_note
from service.clusters.registry import ClusterRegistry
from service.db import keys
from service.db.database import Database, Session
from service.db.sweeps import SweepRow
from service.errors import SweepServiceError
from service.loops import Loops
from service.metrics import Metrics
from service.operations.events import EventFeeds
from service.operations.runner_logs import RunnerLogs
from service.operations.sweeps import find_owned
from service.operations.totals import LedgerTotals
from service.schemas.keys import Scope
from service.settings import Settings
from service.tracking.server import TrackingServer
from service.vault import Vault
from service.webhooks.postman import Postman


@dataclass
class Parts:
    """Everything a handler may need, wired once in main."""

    settings: Settings
    database: Database
    clusters: ClusterRegistry
    clock: Callable[[], datetime]
    vault: Vault
    postman: Postman
    tracking: TrackingServer | None = None
    """None shows nothing in MLflow."""
    loops: Loops = field(default_factory=Loops)
    metrics: Metrics = field(default_factory=Metrics)
    feeds: EventFeeds = field(init=False)
    runner_logs: RunnerLogs = field(init=False)
    totals: LedgerTotals = field(init=False)

    def __post_init__(self) -> None:
        self.feeds = EventFeeds(self.loops.stopping)
        self.runner_logs = RunnerLogs()
        self.totals = LedgerTotals()


NO_NUL = r"^[^\x00]*$"
"""Pattern of every text that reaches the database: PostgreSQL stores no NUL."""


def _parts(request: Request) -> Parts:
    parts = request.app.state.parts
    assert isinstance(parts, Parts)
    return parts


WiredParts = Annotated[Parts, Depends(_parts)]


async def _read_session(parts: WiredParts) -> AsyncIterator[Session]:
    async with parts.database.read() as session:
        yield session


# Scope "function": the session is closed before the answer goes out, however slowly that is read.
ReadSession = Annotated[Session, Depends(_read_session, scope="function")]

_api_key = HTTPBearer(auto_error=False, description="An API key: `sws_<id>_<secret>`.", scheme_name="api_key")
_runner_token = HTTPBearer(auto_error=False, description="The token of a runner.", scheme_name="runner_token")


async def _caller(
    parts: WiredParts, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_api_key)]
) -> Caller:
    now = parts.clock()
    # A session of its own: no connection is held while the handler waits for another one.
    async with parts.database.read() as session:
        key = await check_key(session, credentials.credentials if credentials else None, now)
    if is_use_to_note(key, now):
        # When the key was used last is a courtesy: a full disk must not stand before reading.
        with contextlib.suppress(SweepServiceError):
            async with parts.database.write() as session:
                await keys.note_use(session, key.id, now)
    return Caller.of(key)


KnownCaller = Annotated[Caller, Depends(_caller)]


def _reader(caller: KnownCaller) -> Caller:
    return caller.require(Scope.READ)


def _writer(caller: KnownCaller) -> Caller:
    return caller.require(Scope.WRITE)


def _admin(caller: KnownCaller) -> Caller:
    return caller.require(Scope.ADMIN)


Reader = Annotated[Caller, Depends(_reader)]
"""Whoever calls may look."""
Writer = Annotated[Caller, Depends(_writer)]
"""Whoever calls may change what is theirs."""
Admin = Annotated[Caller, Depends(_admin)]
"""Whoever calls may change clusters and keys, and sees what everybody has."""


def _owner_to_list(
    caller: Reader,
    owner: Annotated[
        str | None,
        Query(max_length=100, pattern=NO_NUL, description="Whose; * is everybody's. None is the caller's own."),
    ] = None,
) -> str | None:
    return caller.owner_to_list(owner)


OwnerToList = Annotated[str | None, Depends(_owner_to_list)]
"""Whose things are listed, none for everybody's: the caller's own, unless an admin asks for others'."""


def _token(credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_runner_token)]) -> str:
    return credentials.credentials if credentials else ""


RunnerToken = Annotated[str, Depends(_token)]

SweepId = Annotated[str, Path(description="Id of the sweep.", max_length=32, pattern=NO_NUL)]


async def _owned_sweep(session: ReadSession, caller: Reader, sweep_id: SweepId) -> SweepRow:
    return await find_owned(session, sweep_id, caller.sees)


OwnedSweep = Annotated[SweepRow, Depends(_owned_sweep, scope="function")]
"""The caller's sweep, to look at."""


async def _visible_sweep(parts: WiredParts, caller: Reader, sweep_id: SweepId) -> SweepRow:
    async with parts.database.read() as session:
        return await find_owned(session, sweep_id, caller.sees)


VisibleSweep = Annotated[SweepRow, Depends(_visible_sweep)]
"""The caller's sweep, to look at for long: no connection is held meanwhile."""


async def _changeable_sweep(parts: WiredParts, caller: Writer, sweep_id: SweepId) -> SweepRow:
    # A session of its own: no connection is held while the handler waits for one to write with.
    async with parts.database.read() as session:
        return await find_owned(session, sweep_id, caller.sees)


ChangeableSweep = Annotated[SweepRow, Depends(_changeable_sweep)]
"""The caller's sweep, to change."""
