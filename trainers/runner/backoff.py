"""When to try a failed call again: exponential backoff with full jitter.

Source: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
"""

import random
from collections.abc import Callable

FIRST_SECONDS = 0.2
LONGEST_SECONDS = 10.0


class Backoff:
    """Counts the failures in a row of one kind of call. `draw` gives uniform numbers in [0, 1)."""

    def __init__(self, draw: Callable[[], float] = random.random) -> None:
        self._draw = draw
        self._failures = 0
        self.not_before = float("-inf")

    @property
    def is_failing(self) -> bool:
        """Whether the last call failed."""
        return self._failures > 0

    def failed(self, now: float) -> None:
        """Puts the next try off, ever further."""
        longest = min(FIRST_SECONDS * 2**self._failures, LONGEST_SECONDS)
        self._failures += 1
        self.not_before = now + self._draw() * longest

    def succeeded(self) -> None:
        """The next try may come at once."""
        self._failures = 0
        self.not_before = float("-inf")
