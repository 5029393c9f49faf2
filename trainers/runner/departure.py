"""Why a runner leaves before its work is done: decided once, by whichever thread learns it first."""

import signal
import threading
from enum import IntEnum
from types import FrameType
from typing import Never

PERSONS_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Those by which a person, or a terminal, ends what runs in the foreground."""


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
    """The job or the worker was stopped: 128 + SIGTERM."""


class LeaveNow(BaseException):
    """Leaves Tune's loop, or the training of a person's own worker, without waiting for an epoch to end."""


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


def leave_at_once_on_signals(departure: Departure) -> None:
    """Makes SIGTERM, Ctrl-C and a terminal that closes a cause to leave, by LeaveNow in the main thread.

    An epoch may last for hours, so it is not waited for. Further signals change nothing: the goodbye has begun. One
    that was ignored (as by nohup) still is.
    """
    heeded = [one for one in PERSONS_SIGNALS if signal.getsignal(one) is not signal.SIG_IGN]

    def leave(_number: int, _frame: FrameType | None) -> Never:
        for one in heeded:
            signal.signal(one, signal.SIG_IGN)
        departure.decide(Cause.TERMINATED)
        raise LeaveNow

    for one in heeded:
        signal.signal(one, leave)
