"""What the runners of a sweep have printed, read from their clusters, one after another or as it comes."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

from service.clusters.protocol import ClusterRefused, ClusterUnreachable, JobLog
from service.clusters.registry import ClusterRegistry
from service.db import runners, sweeps
from service.db.database import Database, Session
from service.db.runners import RunnerRow
from service.errors import NotFound, UnknownCluster
from service.lifecycle import FINISHED_STATES
from service.operations.log_positions import Position
from service.operations.redaction import redact
from service.operations.runner_logs import RunnerLogs

POLL_SECONDS = 2.0
PIECE_CHARACTERS = 2**18
"""A piece ends with the line that it reaches then."""

_LINE_END = re.compile(r"[\r\n]")


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
    database: Database,
    registry: ClusterRegistry,
    readers: RunnerLogs,
    sweep_id: str,
    runner_id: str | None,
    after: Position,
) -> AsyncGenerator[Piece]:
    """What every runner has printed so far, the first one first; `runner_id` takes that one alone."""
    logs = _Logs(sweep_id, runner_id, after, lambda row: readers.read(registry, row, age_seconds=0))
    for log in await logs.look(database):
        async for piece in logs.new_pieces(log):
            yield piece


async def follow_logs(
    database: Database,
    registry: ClusterRegistry,
    readers: RunnerLogs,
    sweep_id: str,
    runner_id: str | None,
    after: Position,
    stopping: asyncio.Event,
) -> AsyncGenerator[Piece]:
    """What has been printed after a position and what will be, until nothing more can come or this process stops.

    A header comes wherever another runner speaks. A runner that takes the place of a dead one comes behind it.
    """
    logs = _Logs(sweep_id, runner_id, after, lambda row: readers.read(registry, row, age_seconds=POLL_SECONDS))
    while not stopping.is_set():
        # Looked at first: what is printed before the end is then read after it.
        current, is_finished = await logs.look(database), await _is_finished(database, sweep_id)
        for log in current:
            async for piece in logs.new_pieces(log):
                yield piece
        is_whole = runner_id is not None and all(log.is_whole for log in current)
        if is_finished or is_whole:
            return
        await _wait(stopping, POLL_SECONDS)


class _Logs:
    """The logs of a sweep's runners, each read on where it was left."""

    def __init__(self, sweep_id: str, runner_id: str | None, after: Position, read: "_Read") -> None:
        self._read = read
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

    async def new_pieces(self, log: "_RunnerLog") -> AsyncGenerator[Piece]:
        """What is new in one of the logs, below a header if another runner spoke last."""
        async for news in log.news(self._read):
            yield self._piece(log, news)
        if not log.is_introduced:
            yield self._piece(log, "")

    def _piece(self, log: "_RunnerLog", news: str) -> Piece:
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

    async def news(self, read: "_Read") -> AsyncGenerator[str]:
        """Whole lines that have not been read; or why there are none, once."""
        if self.is_whole:
            return
        is_over = self.row.job_is_over
        try:
            log = await read(self.row)
        except (ClusterUnreachable, ClusterRefused, UnknownCluster) as error:
            for line in self._tell(f"this log cannot be read now: {error}"):
                yield line
            return
        if log is None:
            self.is_whole = is_over
            for line in self._tell("its cluster knows nothing of its job any more") if is_over else ():
                yield line
            return
        self._trouble = None
        async for lines in self._unread(log, is_over=is_over):
            yield lines

    async def _unread(self, log: JobLog, *, is_over: bool) -> AsyncGenerator[str]:
        """The lines that are new. A line is whole when another one has begun, or when no more will come."""
        text = log.text
        end = len(text) if is_over and not log.is_cut else 1 + max(text.rfind("\n"), text.rfind("\r"))
        while self.characters < end:
            line_end = _LINE_END.search(text, min(self.characters + PIECE_CHARACTERS, end), end)
            piece_end = end if line_end is None else line_end.end()
            lines = text[self.characters : piece_end]
            self.characters = piece_end
            self.is_whole = is_over and piece_end == end and not log.is_cut
            redacted = await asyncio.to_thread(redact, lines, self.row.token_sha256)
            yield redacted + "\n" if self.is_whole and not redacted.endswith("\n") else redacted
        if log.is_cut:
            self.is_whole = True
            yield f"[this log is cut here, it is too long: its cluster has the rest, of job {self.row.submission_id}]\n"
        self.is_whole = self.is_whole or is_over

    def _tell(self, trouble: str) -> list[str]:
        """A line with the trouble, unless it has been told already."""
        is_news, self._trouble = trouble != self._trouble, trouble
        return [f"[{trouble}]\n"] if is_news else []


_Read = Callable[[RunnerRow], Awaitable[JobLog | None]]
"""Reads the log of a runner."""


async def _is_finished(database: Database, sweep_id: str) -> bool:
    async with database.read() as session:
        position = await sweeps.position(session, sweep_id)
    return position is None or position.state in FINISHED_STATES


async def _wait(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
