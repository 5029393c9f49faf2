"""The background loops of one process: whether each still turns, what troubles it, and how all are told to stop.

A loop is `while loop.turns(): …; await loop.pause(seconds)`. Readiness and metrics look at it from outside.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable

TROUBLE_SECONDS = 30.0
"""Longer than any loop waits before it tries again."""

log = logging.getLogger(__name__)


class Loop:
    """One background loop."""

    def __init__(self, name: str, stopping: asyncio.Event) -> None:
        self.name = name
        self._stopping = stopping
        self._turned_at = time.monotonic()
        self._trouble: str | None = None
        self._troubled_at = 0.0

    @property
    def silent_seconds(self) -> float:
        """How long ago it turned last, or got on within a long turn."""
        return time.monotonic() - self._turned_at

    @property
    def trouble(self) -> str | None:
        """What it has had to wait for lately, a sentence; none while all is well."""
        return self._trouble if time.monotonic() - self._troubled_at < TROUBLE_SECONDS else None

    def waits_for(self, trouble: str) -> None:
        """Tells what holds the loop up; it is told again for as long as it lasts."""
        self._trouble, self._troubled_at = trouble, time.monotonic()

    def turns(self) -> bool:
        """Notes another turn. False once the process is stopping: what was begun is done, nothing new begins."""
        self._turned_at = time.monotonic()
        return not self._stopping.is_set()

    def goes_on(self) -> None:
        """Notes that a long turn gets on, piece by piece; from any thread."""
        self._turned_at = time.monotonic()

    async def pause(self, seconds: float) -> None:
        """Waits that long, or until the process is stopping."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stopping.wait(), seconds)


class Loops:
    """Every loop of the process."""

    def __init__(self) -> None:
        self.stopping = asyncio.Event()
        """Set once the process has been told to stop; whoever waits for long waits for this too."""
        self._tasks: dict[Loop, asyncio.Task[None]] = {}

    def running(self) -> list[Loop]:
        """Those that still run."""
        return [loop for loop, task in self._tasks.items() if not task.done()]

    def ended(self) -> list[Loop]:
        """Those that have ended, whether they were told to or not."""
        return [loop for loop, task in self._tasks.items() if task.done()]

    def start(self, name: str, run: Callable[[Loop], Awaitable[None]]) -> None:
        """Starts a loop of that name."""
        loop = Loop(name, self.stopping)
        self._tasks[loop] = asyncio.create_task(_run(loop, run), name=name)

    async def stop(self, within_seconds: float) -> None:
        """Lets every loop finish its turn, and cancels those that take longer."""
        self.stopping.set()
        if not self._tasks:
            return
        _done, unfinished = await asyncio.wait(self._tasks.values(), timeout=within_seconds)
        for task in unfinished:
            log.warning("loop cancelled in the middle of its turn", extra={"loop": task.get_name()})
            task.cancel()
        await asyncio.gather(*unfinished, return_exceptions=True)


async def _run(loop: Loop, run: Callable[[Loop], Awaitable[None]]) -> None:
    try:
        await run(loop)
    except Exception:
        log.exception("loop ended by a bug", extra={"loop": loop.name})
        raise
