"""Times one attempt of a trial, and says when its time is over.

Pauses are for what the trial does not cause: a slow or absent service must neither use up a trial's time nor enter
the cost that arms are compared by.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class TimedOut(Exception):
    """The attempt has trained for its whole time."""


class Clock:
    """Runs from its creation. `devices` are held all the while; without `timeout_seconds` time is never over."""

    def __init__(
        self, devices: float, timeout_seconds: float | None, now: Callable[[], float] = time.perf_counter
    ) -> None:
        self._devices = devices
        self._timeout_seconds = timeout_seconds
        self._now = now
        self._start = now()

    @property
    def seconds(self) -> float:
        """Seconds since the start, pauses left out."""
        return self._now() - self._start

    @property
    def device_seconds(self) -> float:
        """Seconds × devices."""
        return self.seconds * self._devices

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stands still inside the block."""
        pause_start = self._now()
        try:
            yield
        finally:
            self._start += self._now() - pause_start

    def check(self) -> None:
        """Raises TimedOut once the time is over."""
        if self._timeout_seconds is not None and self.seconds > self._timeout_seconds:
            raise TimedOut(f"trained longer than its {self._timeout_seconds:g} seconds")
