"""Reads a request's body before its route does: no longer than is allowed, no slower, and of a shape that can be read.

Every body of this API is one JSON document that is needed whole, so reading it here costs nothing.
"""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.guards.credentials import credential_of
from service.api.guards.json_shapes import MOST_PARTS, MOST_PARTS_OF_REPORTS, check_shape
from service.api.guards.rates import RUNNERS, Knows
from service.api.guards.room import Place, Room
from service.api.problems import refused_response
from service.errors import SweepServiceError
from service.threads import Work, in_thread

MOST_BYTES_OF_STRANGERS = 2**16
"""Of one body whose sender shows no key that works: whatever it says, its answer is 401."""
MOST_BYTES_OF_RUNNERS = 2**20
"""The same where runners report, for the token of one whose sweep is over is not known any more."""
ROOM_OF_STRANGERS = 2**25
LONGEST_AT_ONCE = 8
"""Bodies of the longest kind that are held together."""
HANG_UP = {"Connection": "close"}
"""With an answer to a body that is not read to its end: the server would read on until the client is done."""

LONG_BYTES = 2**16
"""Longer bodies are looked through in a thread, for it may take half a second."""


class BodyTooLarge(SweepServiceError):
    """More bytes than one request may have."""

    status_code = 413
    code = "body_too_large"
    title = "Body too large"


class BodyTooSlow(SweepServiceError):
    """The client did not send its body in time."""

    status_code = 408
    code = "body_too_slow"
    title = "Request timeout"


class ClientGone(Exception):
    """The client hung up before its body was whole."""


class Bodies:
    """Hands whole bodies on that came within `seconds`: up to `most_bytes` of whom it `knows`, shorter ones of others.

    All that are held at once have their bounds too, so that no number of callers fills the memory.
    """

    def __init__(self, app: ASGIApp, most_bytes: int, seconds: float, knows: Knows) -> None:
        self._app = app
        self._knows = knows
        self._most_bytes = most_bytes
        self._seconds = seconds
        self._known = Room(LONGEST_AT_ONCE * most_bytes)
        self._strangers = Room(ROOM_OF_STRANGERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on with its body, or refuses it."""
        if scope["type"] != "http" or not _has_body(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        room, most_bytes = await self._bounds(scope)
        with room.place() as place:
            try:
                body = await self._read(Headers(scope=scope), receive, place, most_bytes)
                await _check_shape(body, scope["path"])
            except ClientGone:
                return
            except SweepServiceError as refusal:
                await refused_response(refusal)(scope, receive, send)
                return
            await self._app(scope, _replayed(body, receive), send)

    async def _bounds(self, scope: Scope) -> tuple[Room, int]:
        """Where the body goes and how long it may be. Who sends it is asked only where it matters."""
        headers = Headers(scope=scope)
        most_bytes = MOST_BYTES_OF_RUNNERS if scope["path"].startswith(RUNNERS) else MOST_BYTES_OF_STRANGERS
        expected_bytes = int(headers.get("content-length", self._most_bytes))
        is_short = expected_bytes <= min(most_bytes, self._strangers.free_bytes)
        if not is_short and await self._knows(credential_of(headers)):
            return self._known, self._most_bytes
        return self._strangers, most_bytes

    async def _read(self, headers: Headers, receive: Receive, place: Place, most_bytes: int) -> bytes:
        if int(headers.get("content-length", 0)) > most_bytes:
            raise self._too_large(most_bytes)
        chunks: list[bytes] = []
        try:
            async with asyncio.timeout(self._seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ClientGone
                    chunks.append(message.get("body", b""))
                    if place.taken_bytes + len(chunks[-1]) > most_bytes:
                        raise self._too_large(most_bytes)
                    place.take(len(chunks[-1]))
                    if not message.get("more_body", False):
                        return b"".join(chunks)
        except TimeoutError as error:
            raise BodyTooSlow(f"the body did not come within {self._seconds:g} s", headers=HANG_UP) from error

    def _too_large(self, most_bytes: int) -> BodyTooLarge:
        detail = f"the body has more than {most_bytes} bytes; accepted: up to {most_bytes}"
        if most_bytes < self._most_bytes:
            detail += f", with a key that works up to {self._most_bytes}"
        return BodyTooLarge(detail, headers=HANG_UP)


async def _check_shape(body: bytes, path: str) -> None:
    most_parts = MOST_PARTS_OF_REPORTS if path.startswith(RUNNERS) else MOST_PARTS
    if len(body) > LONG_BYTES:
        await in_thread(Work.SHAPES, check_shape, body, most_parts)
    else:
        check_shape(body, most_parts)


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Gives the body once, then whatever the client does next."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay
