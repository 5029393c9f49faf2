"""Networks between a runner and the service that do what networks do: lose, repeat, delay, break."""

import random
import threading
import time

import httpx


class CutNetwork(httpx.BaseTransport):
    """A real network that can be cut and mended."""

    def __init__(self) -> None:
        self._real = httpx.HTTPTransport()
        self.is_cut = threading.Event()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request, if there is a way."""
        if self.is_cut.is_set():
            raise httpx.ConnectError("the network is cut", request=request)
        return self._real.handle_request(request)


class TimedNetwork(httpx.BaseTransport):
    """A real network that knows how long the service may have heard nothing."""

    def __init__(self) -> None:
        self._real = httpx.HTTPTransport()
        self._sent_at: float | None = None
        self.longest_silence_seconds = 0.0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request: the service hears it after it is sent and before it is answered."""
        sent_at = time.monotonic()
        answer = self._real.handle_request(request)
        silence_seconds = time.monotonic() - (self._sent_at or sent_at)
        self.longest_silence_seconds = max(self.longest_silence_seconds, silence_seconds)
        self._sent_at = sent_at
        return answer


class MischievousNetwork(httpx.BaseTransport):
    """Delivers requests twice, answers never, and old requests once more after newer ones; seeded."""

    def __init__(self, seed: int) -> None:
        self._real = httpx.HTTPTransport()
        self._random = random.Random(seed)
        self._sent: list[tuple[httpx.URL, httpx.Headers, bytes]] = []
        self.replayed = self.doubled = self.lost = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One request, and whatever else comes of it."""
        message = (request.url, request.headers, request.read())
        if self._sent and self._random.random() < 0.3:
            self._deliver(*self._random.choice(self._sent))
            self.replayed += 1
        self._sent.append(message)
        if self._random.random() < 0.3:
            self._deliver(*message)
            self.doubled += 1
        answer = self._deliver(*message)
        if self._random.random() < 0.2:
            self.lost += 1
            raise httpx.ReadError("the answer was lost", request=request)
        return answer

    def _deliver(self, url: httpx.URL, headers: httpx.Headers, content: bytes) -> httpx.Response:
        answer = self._real.handle_request(httpx.Request("POST", url, headers=headers, content=content))
        answer.read()
        return answer
