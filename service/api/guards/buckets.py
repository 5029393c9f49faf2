"""Token buckets by name: who has spent theirs waits. In memory, so each process counts for itself."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST_BUCKETS = 10_000
"""The bucket that was used least recently goes first; it was most likely full again."""


@dataclass
class _Bucket:
    tokens: float
    filled_at: float


class TokenBuckets:
    """Buckets of `burst` tokens that fill by `per_second`; each name has its own."""

    def __init__(self, per_second: float, burst: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._buckets: OrderedDict[bytes, _Bucket] = OrderedDict()

    def take(self, name: bytes) -> float:
        """Takes a token: 0, or the seconds until there is one and none was taken."""
        wait_seconds = self.wait_seconds(name)
        if wait_seconds == 0:
            self._buckets[name].tokens -= 1
        return wait_seconds

    def wait_seconds(self, name: bytes) -> float:
        """Seconds until there is a token; 0 when there is one."""
        bucket, now = self._buckets.pop(name, None) or _Bucket(self._burst, self._clock()), self._clock()
        filled = bucket.tokens + (now - bucket.filled_at) * self._per_second
        bucket.tokens, bucket.filled_at = min(self._burst, filled), now
        self._buckets[name] = bucket
        if len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
        return max(0.0, (1 - bucket.tokens) / self._per_second)
