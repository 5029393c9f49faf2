"""When to try a failed call again: exponential backoff with full jitter.

Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

import random
from collections.abc import Callable

FIRST_SECONDS = 0.2
LONGEST_SECONDS = 10.0


class Backoff:
    """When one kind of call may be tried next. `draw` gives uniform numbers in [0, 1)."""

    def __init__(self, draw: Callable[[], float] = random.random) -> None:
        self._draw = draw
        self._bound_seconds = FIRST_SECONDS
        self.not_before = float("-inf")

    @property
    def is_failing(self) -> bool:
        """Whether the last call failed."""
        return self._bound_seconds > FIRST_SECONDS

    def failed(self, now: float) -> None:
        """Puts the next try off, at random below a bound that doubles."""
        self.not_before = now + self._draw() * self._bound_seconds
        self._bound_seconds = min(2 * self._bound_seconds, LONGEST_SECONDS)

    def succeeded(self) -> None:
        """The next try may come at once."""
        self._bound_seconds = FIRST_SECONDS
        self.not_before = float("-inf")
