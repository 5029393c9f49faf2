"""How often one key may ask, and how often one address may fail to show a key."""

import hashlib
import math
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.api.guards.buckets import TokenBuckets
from service.api.guards.credentials import credential_of
from service.api.problems import refused_response
from service.errors import SweepServiceError

API = "/v1/"
RUNNERS = "/v1/runners/"
"""A runner asks and reports as often as its trials make it: it is held back by the ledger alone."""
REFUSED_BODIES = (408, 413, 422)
"""Too slow, too long, or not to be read: what anybody may make the service look at, with a key or without."""

Knows = Callable[[str], Awaitable[bool]]
"""Whether a key or a token works."""


class RateLimited(SweepServiceError):
    """Too many requests, too many wrong keys, or too many bodies of nobody's."""

    status_code = 429
    code = "rate_limited"
    title = "Too many requests"


class Rates:
    """Counts the requests of each key, and for each address wrong keys (401) and refused bodies that came with none.

    An address that fails too often is heard with a secret that `knows`: whoever guesses behind the same proxy, or goes
    on with a key that has ended, locks nobody out.
    """

    def __init__(
        self,
        app: ASGIApp,
        requests: TokenBuckets | None,
        failures: TokenBuckets,
        knows: Knows,
    ) -> None:
        self._app = app
        self._requests = requests
        self._failures = failures
        self._knows = knows

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or refuses it until there is a token."""
        if scope["type"] != "http" or not scope["path"].startswith(API):
            await self._app(scope, receive, send)
            return
        credential = credential_of(Headers(scope=scope))
        address = str((scope.get("client") or ("",))[0]).encode()
        refusal = await self._refusal(credential, address, is_runner=scope["path"].startswith(RUNNERS))
        if refusal is not None:
            await refused_response(refusal)(scope, receive, send)
            return

        async def send_and_count(message: Message) -> None:
            if message["type"] == "http.response.start" and await self._is_failure(message["status"], credential):
                self._failures.take(address)
            await send(message)

        await self._app(scope, receive, send_and_count)

    async def _refusal(self, credential: str, address: bytes, *, is_runner: bool) -> RateLimited | None:
        if (seconds := self._failures.wait_seconds(address)) and not await self._knows(credential):
            return _wait(seconds, "too many wrong keys, or bodies without a right one, came from your address")
        # A digest, so that a dump of the memory holds no more secrets than it must.
        key = hashlib.sha256(credential.encode()).digest()
        if self._requests is not None and not is_runner and (seconds := self._requests.take(key)):
            return _wait(seconds, "too many requests came with your key")
        return None

    async def _is_failure(self, status: int, credential: str) -> bool:
        return status == 401 or (status in REFUSED_BODIES and not await self._knows(credential))


def _wait(seconds: float, reason: str) -> RateLimited:
    whole = math.ceil(seconds)
    return RateLimited(f"{reason}: wait {whole} s", headers={"Retry-After": str(whole)})
