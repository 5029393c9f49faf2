"""Where a service may die: before and after every commit and every call to a cluster, to MLflow, to a webhook.

A point is known by what happens there and by the operation that made it happen, read from the stack. So a run
that only records its points finds all of them, those of code that is not written yet too.
"""

import os
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import Any

from service.clusters.protocol import ClusterClient
from service.clusters.ray_jobs import RayJobs
from service.db import migrations
from service.db.database import Database, Session
from service.tracking.protocol import TrackingStore
from service.webhooks.postman import Postman

CRASH_AT = "CHAOS_CRASH_AT"
"""Environment: names of the points at which the process dies, one a line: at each once, however often it starts."""
CRASH_OCCURRENCE = "CHAOS_CRASH_OCCURRENCE"
"""Environment: 1 for the first time that a point is reached."""
POINTS_FILE = "CHAOS_POINTS_FILE"
"""Environment: where every point that is reached is written down."""

CRASHED = "crashed: "
PLUMBING = ("service.db.", "service.reconciler.claim", "service.clusters.ray_jobs")
"""Modules that write, or call, for somebody else."""


class CrashPoints:
    """Writes down every point that is reached, and ends the process at some of them as a power cut would."""

    def __init__(self, file: Path, crash_at: Iterable[str], occurrence: int) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._left = dict.fromkeys(set(crash_at) - set(crashed_at(file)), occurrence)
        self._lock = threading.Lock()

    @classmethod
    def from_environment(cls) -> "CrashPoints":
        """As the test has ordered."""
        crash_at, occurrence = os.environ.get(CRASH_AT, ""), os.environ.get(CRASH_OCCURRENCE, "1")
        return cls(Path(os.environ[POINTS_FILE]), crash_at.splitlines(), int(occurrence))

    def reach(self, name: str) -> None:
        """Returns, unless this is where the process dies."""
        with self._lock:
            os.write(self._file, f"{name}\n".encode())
            if name not in self._left:
                return
            self._left[name] -= 1
            if self._left[name] == 0:
                os.write(self._file, f"{CRASHED}{name}\n".encode())
                os._exit(70)

    def install(self) -> None:
        """Puts the points into the classes that write, and into those that call others."""
        Database.write = _around_write(Database.write, self)  # type: ignore[method-assign, assignment]
        migrations._upgrade = _after(migrations._upgrade, self, "inside the migration")
        Postman.post = _around_call(Postman.post, self, "webhook.post")  # type: ignore[method-assign]
        for name in methods_of(ClusterClient):
            setattr(RayJobs, name, _around_call(getattr(RayJobs, name), self, f"cluster.{name}"))

    def watch_store(self, store: TrackingStore) -> TrackingStore:
        """The same store with points around its calls."""
        for name in methods_of(TrackingStore):
            setattr(store, name, _around_blocking_call(getattr(store, name), self, f"mlflow.{name}"))
        return store


def crashed_at(file: Path) -> list[str]:
    """Where processes have died by order, as the file tells."""
    lines = file.read_text().splitlines() if file.exists() else []
    return [line.removeprefix(CRASHED) for line in lines if line.startswith(CRASHED)]


def methods_of(protocol: type) -> list[str]:
    """Names of everything that the protocol can be called for."""
    return sorted(name for name, value in vars(protocol).items() if callable(value) and not name.startswith("_"))


def _around_write(
    write: Callable[[Database], AbstractAsyncContextManager[Session]], points: CrashPoints
) -> Callable[[Database], AbstractAsyncContextManager[Session]]:
    @asynccontextmanager
    async def pointed(database: Database) -> AsyncIterator[Session]:
        name = _operation()
        async with write(database) as session:
            yield session
            await session.flush()
            points.reach(f"before the commit of {name}")
        points.reach(f"after the commit of {name}")

    return pointed


def _around_call(
    call: Callable[..., Awaitable[Any]], points: CrashPoints, method: str
) -> Callable[..., Awaitable[Any]]:
    @wraps(call)
    async def pointed(*arguments: Any, **named: Any) -> Any:
        name = f"{method} from {_operation()}"
        points.reach(f"before {name}")
        try:
            return await call(*arguments, **named)
        finally:
            points.reach(f"after {name}")

    return pointed


def _around_blocking_call(call: Callable[..., Any], points: CrashPoints, method: str) -> Callable[..., Any]:
    def pointed(*arguments: Any, **named: Any) -> Any:
        name = f"{method} from {_operation(otherwise='a thread')}"
        points.reach(f"before {name}")
        try:
            return call(*arguments, **named)
        finally:
            points.reach(f"after {name}")

    return pointed


def _after(call: Callable[..., Any], points: CrashPoints, name: str) -> Callable[..., Any]:
    def pointed(*arguments: Any, **named: Any) -> Any:
        answer = call(*arguments, **named)
        points.reach(name)
        return answer

    return pointed


def _operation(otherwise: str | None = None) -> str:
    """The operation that is being carried out: the innermost function of the service that is no plumbing.

    `otherwise`: what to say where there is none, for calls that a thread begins with.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.startswith("service.") and not module.startswith(PLUMBING):
            # The line within the function tells its several writes apart.
            line = frame.f_lineno - frame.f_code.co_firstlineno
            return f"{module.removeprefix('service.')}:{frame.f_code.co_qualname}+{line}"
        frame = frame.f_back
    if otherwise is not None:
        return otherwise
    raise AssertionError("a write, or a call to the outside, that no operation of the service makes")
