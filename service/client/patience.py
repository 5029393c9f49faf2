"""How long a silent service is waited for: it may just be starting again."""

import time
from collections.abc import Callable

from service.client.failures import ApiError

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 2.0


class Patience:
    """Pauses that grow between the tries of one call, until `seconds` have passed without an answer."""

    def __init__(
        self,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._sleep = sleep
        self.renew()

    def renew(self) -> None:
        """There was an answer: the next silence counts from now."""
        self._ends_at = self._clock() + self._seconds
        self._pause_seconds = FIRST_PAUSE_SECONDS

    def wait(self, failure: Exception) -> None:
        """Pauses before the next try, as long as the failure asks for. Raises it when the patience has ended."""
        left_seconds = self._ends_at - self._clock()
        if left_seconds <= 0:
            raise failure
        asked_seconds = failure.retry_after_seconds if isinstance(failure, ApiError) else 0.0
        self._sleep(min(max(self._pause_seconds, asked_seconds), left_seconds))
        self._pause_seconds = min(2 * self._pause_seconds, LONGEST_PAUSE_SECONDS)
