"""One child process: started, asked whether it is ready, started again when it dies, ended."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from service.embedded.failures import CannotRun
from service.embedded.ports import LOOPBACK
from service.embedded.session import Mark, end_members

PROBE_SECONDS = 2.0
MAX_RESTARTS_IN_A_ROW = 5
FIRST_BACKOFF_SECONDS = 0.5
STEADY_SECONDS = 60.0
"""A child that was ready for this long has no deaths in a row behind it."""
TAIL_LINES = 20


@dataclass(frozen=True)
class ChildSpec:
    """What to start and how to see that it is ready. Nothing here is printed: the environment holds secrets."""

    name: str
    """Names the log and the mark."""
    title: str
    """What people call it, to begin a sentence with."""
    command: Sequence[str]
    environment: Mapping[str, str | None] = field(repr=False)
    """Over the inherited environment; none removes a variable."""
    health_url: str
    health_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ready_seconds: float = 60.0
    """How long it may take until it answers."""


class Child:
    """A process of a spec. Times are monotonic seconds that the caller passes."""

    def __init__(self, spec: ChildSpec, session: str, log: Path) -> None:
        self.spec = spec
        self.log = log
        self.restarts = 0
        self._mark = Mark(session, spec.name)
        self._process: subprocess.Popen[bytes] | None = None
        self._due_at = 0.0
        self._started_at = 0.0
        self._ready_since: float | None = None
        self._was_ever_ready = False
        self._deaths_in_a_row = 0

    @property
    def is_ready(self) -> bool:
        """Whether the current process has answered."""
        return self._ready_since is not None

    def start(self, now: float) -> None:
        """Starts the process. Its log goes on where an earlier process of this session ended."""
        environment = os.environ | _past_proxies() | dict(self.spec.environment) | self._mark.environment()
        with self.log.open("ab" if self._started_at else "wb") as stream:
            self._process = subprocess.Popen(  # noqa: S603
                list(self.spec.command),
                env={name: value for name, value in environment.items() if value is not None},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                start_new_session=True,
            )
        self._started_at = now

    def look(self, now: float) -> None:
        """Sees how the process does, and starts it again once its pause is over. Raises CannotRun when it gives up."""
        if self._process is None:
            if now >= self._due_at:
                self.restarts += 1
                self.start(now)
            return
        if self._process.poll() is not None:
            self._died(now, f"ended with exit code {self._process.returncode}")
        elif not self.is_ready:
            self._look_whether_ready(now)
        elif self._ready_since is not None and now - self._ready_since > STEADY_SECONDS:
            self._deaths_in_a_row = 0

    def ask_to_end(self) -> None:
        """Sends SIGTERM."""
        if self._process is not None:
            self._process.terminate()

    def end(self, grace_seconds: float) -> None:
        """Waits for the end and kills the process after the grace; its descendants are left to the session."""
        if self._process is None:
            return
        try:
            self._process.wait(timeout=grace_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def tail(self) -> str:
        """The last lines of the log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:])

    def _look_whether_ready(self, now: float) -> None:
        if _answers(self.spec):
            self._ready_since = now
            self._was_ever_ready = True
        elif now - self._started_at > self.spec.ready_seconds:
            self._died(now, f"was not ready within {self.spec.ready_seconds:.0f} seconds")

    def _died(self, now: float, how: str) -> None:
        end_members(self._mark)
        self._process = None
        self._ready_since = None
        self._deaths_in_a_row += 1
        if not self._was_ever_ready or self._deaths_in_a_row > MAX_RESTARTS_IN_A_ROW:
            again = "" if not self.restarts else f", after {self.restarts} restarts"
            raise CannotRun(f"{self.spec.title} {how}{again}. The end of its log {self.log}:\n{self.tail()}")
        self._due_at = now + FIRST_BACKOFF_SECONDS * 2 ** (self._deaths_in_a_row - 1)


def _past_proxies() -> dict[str, str]:
    """Lets the children and their jobs speak to each other directly where the user's traffic goes through a proxy."""
    exceptions = os.environ.get("no_proxy") or os.environ.get("NO_PROXY")
    value = ",".join(filter(None, [exceptions, LOOPBACK, "localhost"]))
    return {"no_proxy": value, "NO_PROXY": value}


def _answers(spec: ChildSpec) -> bool:
    try:
        # trust_env: a proxy of the user's has no business between two processes of one machine.
        response = httpx.get(spec.health_url, headers=dict(spec.health_headers), timeout=PROBE_SECONDS, trust_env=False)
    except httpx.TransportError:
        return False
    return response.is_success
