"""What the runners of a sweep have printed, read from their clusters, one after another or as it comes."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from service.clusters.protocol import ClusterRefused, ClusterUnreachable
from service.clusters.registry import ClusterRegistry
from service.db import runners, sweeps
from service.db.database import Database, Session
from service.db.runners import RunnerRow
from service.errors import NotFound, UnknownCluster
from service.lifecycle import FINISHED_STATES
from service.operations.log_positions import Position
from service.operations.redaction import redact

POLL_SECONDS = 2.0
"""Ray sends a log from its beginning every time."""


@dataclass(frozen=True)
class Piece:
    """Some lines, and where a reader stands who has them."""

    text: str
    position: Position


async def check_runner(session: Session, sweep_id: str, runner_id: str | None) -> None:
    """Raises NotFound for a runner that the sweep does not have; none is no runner in particular."""
    names = [row.id for row in await runners.of_sweep(session, sweep_id)]
    if runner_id is not None and runner_id not in names:
        raise NotFound(f"sweep {sweep_id} has no runner {runner_id!r}; it has {', '.join(names) or 'none yet'}")


async def read_logs(
    database: Database, registry: ClusterRegistry, sweep_id: str, runner_id: str | None, after: Position
) -> AsyncGenerator[Piece]:
    """What every runner has printed so far, the first one first; `runner_id` takes that one alone."""
    logs = _Logs(sweep_id, runner_id, after)
    for log in await logs.look(database):
        if piece := await logs.next_piece(log, registry):
            yield piece


async def follow_logs(
    database: Database,
    registry: ClusterRegistry,
    sweep_id: str,
    runner_id: str | None,
    after: Position,
    stopping: asyncio.Event,
) -> AsyncGenerator[Piece]:
    """What has been printed after a position and what will be, until nothing more can come or this process stops.

    A header comes wherever another runner speaks. A runner that takes the place of a dead one comes behind it.
    """
    logs = _Logs(sweep_id, runner_id, after)
    while not stopping.is_set():
        # Looked at first: what is printed before the end is then read after it.
        current, is_finished = await logs.look(database), await _is_finished(database, sweep_id)
        for log in current:
            if piece := await logs.next_piece(log, registry):
                yield piece
        is_whole = runner_id is not None and all(log.is_whole for log in current)
        if is_finished or is_whole:
            return
        await _wait(stopping, POLL_SECONDS)


class _Logs:
    """The logs of a sweep's runners, each read on where it was left."""

    def __init__(self, sweep_id: str, runner_id: str | None, after: Position) -> None:
        self._sweep_id = sweep_id
        self._runner_id = runner_id
        self._after = after
        self._speaker = after.speaker
        self._logs: dict[str, _RunnerLog] = {}

    async def look(self, database: Database) -> "list[_RunnerLog]":
        """The logs of the runners that there are now. A person's own worker prints where nobody can read it."""
        async with database.read() as session:
            rows = await runners.of_sweep(session, self._sweep_id)
        for row in rows:
            if not row.is_external and self._runner_id in (None, row.id):
                self._logs.setdefault(row.id, _RunnerLog(row, self._after)).row = row
        return list(self._logs.values())

    async def next_piece(self, log: "_RunnerLog", registry: ClusterRegistry) -> Piece | None:
        """What is new in one of the logs, below a header if another runner spoke last."""
        news = await log.news(registry)
        if not news and log.is_introduced:
            return None
        text = news if self._speaker == log.row.ordinal else log.header() + news
        self._speaker = log.row.ordinal
        return Piece(text, self._position())

    def _position(self) -> Position:
        unfinished = [log.row.ordinal for log in self._logs.values() if not log.is_whole]
        whole_before = min(unfinished, default=1 + max(log.row.ordinal for log in self._logs.values()))
        known = [log for log in self._logs.values() if log.is_introduced and log.row.ordinal >= whole_before]
        return Position(whole_before, self._speaker, {log.row.ordinal: log.characters for log in known})


class _RunnerLog:
    """The log of one runner, and how much of it has been read."""

    def __init__(self, row: RunnerRow, after: Position) -> None:
        self.row = row
        self.is_whole = row.ordinal < after.whole_before
        """Whether all that will ever be in it has been read."""
        self.is_introduced = self.is_whole or row.ordinal in after.read
        """Whether its header has been written."""
        self.characters = after.read.get(row.ordinal, 0)
        """How much of it has been read."""
        self._trouble: str | None = None

    def header(self) -> str:
        """The line that says who speaks."""
        self.is_introduced = True
        return f"==> runner {self.row.id} on cluster {self.row.cluster}, {self.row.state.value} <==\n"

    async def news(self, registry: ClusterRegistry) -> str:
        """Whole lines that have not been read; or why there are none, once."""
        if self.is_whole:
            return ""
        try:
            client = await registry.client(self.row.cluster)
            log = await client.logs(self.row.submission_id)
        except (ClusterUnreachable, ClusterRefused, UnknownCluster) as error:
            return self._tell(f"this log cannot be read now: {error}")
        self.is_whole = self.row.job_is_over
        if log is None:
            return self._tell("its cluster knows nothing of its job any more") if self.row.job_is_over else ""
        self._trouble = None
        return redact(self._unread(log), self.row.token_sha256)

    def _unread(self, log: str) -> str:
        """The lines that are new. A line is whole when another one has begun, or when no more will come."""
        end = len(log) if self.is_whole else 1 + max(log.rfind("\n"), log.rfind("\r"))
        unread = log[self.characters : end]
        self.characters = max(self.characters, end)
        return unread + "\n" if self.is_whole and unread and not unread.endswith("\n") else unread

    def _tell(self, trouble: str) -> str:
        """A line with the trouble, unless it has been told already."""
        is_news, self._trouble = trouble != self._trouble, trouble
        return f"[{trouble}]\n" if is_news else ""


async def _is_finished(database: Database, sweep_id: str) -> bool:
    async with database.read() as session:
        position = await sweeps.position(session, sweep_id)
    return position is None or position.state in FINISHED_STATES


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
