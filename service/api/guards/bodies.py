"""Reads a request's body before its route does: no longer than is allowed, no slower, and of a shape that can be read.

Every body of this API is one JSON document that is needed whole, so reading it here costs nothing.
"""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.guards.json_shapes import MOST_PARTS, MOST_PARTS_OF_REPORTS, check_shape
from service.api.guards.rates import RUNNERS
from service.api.problems import refused_response
from service.errors import SweepServiceError

HANG_UP = {"Connection": "close"}
"""With an answer to a body that is not read to its end: the server would read on until the client is done."""


LONG_BYTES = 2**18
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
    """Hands whole bodies of up to `most_bytes` on that came within `seconds`."""

    def __init__(self, app: ASGIApp, most_bytes: int, seconds: float) -> None:
        self._app = app
        self._most_bytes = most_bytes
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on with its body, or refuses it."""
        if scope["type"] != "http" or not _has_body(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        try:
            body = await self._read(Headers(scope=scope), receive)
            most_parts = MOST_PARTS_OF_REPORTS if scope["path"].startswith(RUNNERS) else MOST_PARTS
            if len(body) > LONG_BYTES:
                await asyncio.to_thread(check_shape, body, most_parts)
            else:
                check_shape(body, most_parts)
        except ClientGone:
            return
        except SweepServiceError as refusal:
            await refused_response(refusal)(scope, receive, send)
            return
        await self._app(scope, _replayed(body, receive), send)

    async def _read(self, headers: Headers, receive: Receive) -> bytes:
        if int(headers.get("content-length", 0)) > self._most_bytes:
            raise self._too_large()
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._seconds):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise ClientGone
                    chunks.append(message.get("body", b""))
                    size += len(chunks[-1])
                    if size > self._most_bytes:
                        raise self._too_large()
                    if not message.get("more_body", False):
                        return b"".join(chunks)
        except TimeoutError as error:
            raise BodyTooSlow(f"the body did not come within {self._seconds:g} s", headers=HANG_UP) from error

    def _too_large(self) -> BodyTooLarge:
        detail = f"the body has more than {self._most_bytes} bytes; accepted: up to {self._most_bytes}"
        return BodyTooLarge(detail, headers=HANG_UP)


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Gives the body once, then whatever the client does next."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay
