"""Times one attempt of a trial, and says when its time is over.

Pauses are for what the trial does not cause: a slow or absent service must neither use up a trial's time nor enter
the cost that arms are compared by.
"""

import time
from collections.abc import Callable


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
        self._paused_at: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds since the start, pauses left out."""
        return (self._now() if self._paused_at is None else self._paused_at) - self._start

    @property
    def device_seconds(self) -> float:
        """Seconds × devices."""
        return self.seconds * self._devices

    def pause(self) -> None:
        """Stands still until it is resumed."""
        self._paused_at = self._now()

    def resume(self) -> None:
        """Goes on from where it was paused."""
        if self._paused_at is not None:
            self._start += self._now() - self._paused_at
            self._paused_at = None

    @property
    def is_over(self) -> bool:
        """Whether there was a time and it is up."""
        return self._timeout_seconds is not None and self.seconds > self._timeout_seconds

    def timed_out(self) -> TimedOut:
        """What to raise then."""
        return TimedOut(f"trained longer than its {self._timeout_seconds:g} seconds")
