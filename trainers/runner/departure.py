"""Why a runner leaves before its work is done: decided once, by whichever thread learns it first."""

import signal
import threading
from enum import IntEnum


class Cause(IntEnum):
    """A reason to leave early; the value is the exit code of the job."""

    BROKEN = 1
    """A bug of ours."""

    UNREACHABLE = 3
    """The service was away for longer than the runner's patience."""

    REFUSED = 4
    """The service does not believe this runner (any more)."""

    UNFIT = 5
    """A person's own machine cannot run the sweep's trials; others may."""

    TERMINATED = 143
    """The job was stopped: 128 + SIGTERM."""


class LeaveNow(BaseException):
    """Leaves Tune's loop at once. Tune's own way to stop waits for every trial to end its epoch."""


class Departure:
    """The decision to leave, shared by the threads of a runner."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cause: Cause | None = None

    def decide(self, cause: Cause) -> None:
        """The first cause stays."""
        with self._lock:
            self._cause = self._cause or cause

    @property
    def cause(self) -> Cause | None:
        """None while the runner stays."""
        return self._cause

    def leave_if_decided(self) -> None:
        """Raises LeaveNow once somebody has decided to leave."""
        if self._cause is not None:
            raise LeaveNow


def leave_on_sigterm(departure: Departure) -> None:
    """Makes SIGTERM a cause to leave."""
    signal.signal(signal.SIGTERM, lambda *_: departure.decide(Cause.TERMINATED))
