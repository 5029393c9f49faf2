"""Somebody who follows a sweep's events and changes the connection, and the process asked, all the time."""

import random
import threading
from collections.abc import Sequence
from itertools import islice

from service.client.client import SupsweepClient

MOST_EVENTS = 5
"""Per connection."""


class EventListener:
    """Reads until the sweep has finished; seeded."""

    def __init__(self, clients: Sequence[SupsweepClient], sweep_id: str, seed: int) -> None:
        self.sequences: list[int] = []
        self.connections = 0
        self._clients = clients
        self._sweep_id = sweep_id
        self._random = random.Random(seed)
        self._problem: Exception | None = None
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def heard(self, seconds: float) -> list[int]:
        """Every sequence that was heard, in order, once there are no more."""
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"still listening after {self.sequences[-1:]}"
        if self._problem is not None:
            raise self._problem
        return self.sequences

    def _listen(self) -> None:
        try:
            while self._hears_more():
                self.connections += 1
        except Exception as problem:  # told to whoever waits for what was heard
            self._problem = problem

    def _hears_more(self) -> bool:
        """One connection, left after a few events. Whether there may be more."""
        client = self._random.choice(self._clients)
        after = self.sequences[-1] if self.sequences else 0
        wanted = self._random.randint(1, MOST_EVENTS)
        heard = [event.sequence for event in islice(client.events(self._sweep_id, after=after), wanted)]
        self.sequences += heard
        return len(heard) == wanted
