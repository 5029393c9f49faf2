"""What handlers ask for in their signatures: parts of the service, sessions, the caller, the caller's sweep."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from service.auth.keys import owner_of_key
from service.clusters.registry import ClusterRegistry
from service.db.database import Database, Session
from service.db.sweeps import SweepRow
from service.operations.sweeps import find_owned
from service.settings import Settings
from service.vault import Vault


@dataclass
class Parts:
    """Everything a handler may need, wired once in main."""

    settings: Settings
    database: Database
    clusters: ClusterRegistry
    clock: Callable[[], datetime]
    vault: Vault
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    """The background loops; one that has ended is a broken part."""


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


async def _owner(
    session: ReadSession, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_api_key)]
) -> str:
    return await owner_of_key(session, credentials.credentials if credentials else None)


Owner = Annotated[str, Depends(_owner, scope="function")]


def _token(credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_runner_token)]) -> str:
    return credentials.credentials if credentials else ""


RunnerToken = Annotated[str, Depends(_token)]

NO_NUL = r"^[^\x00]*$"
"""Pattern of every text that reaches the database: PostgreSQL stores no NUL."""

SweepId = Annotated[str, Path(description="Id of the sweep.", max_length=32, pattern=NO_NUL)]


async def _owned_sweep(session: ReadSession, owner: Owner, sweep_id: SweepId) -> SweepRow:
    return await find_owned(session, sweep_id, owner)


OwnedSweep = Annotated[SweepRow, Depends(_owned_sweep, scope="function")]
