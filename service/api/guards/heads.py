"""How long the head of a request may be, its target and its headers: the server counts only what comes in pieces."""

from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.problems import refused_response
from service.errors import SweepServiceError

MOST_HEAD_BYTES = 32_768
MOST_TARGET_BYTES = 8192
"""As many as other servers take; the longest of ours compares sweeps, some hundreds."""


class TargetTooLong(SweepServiceError):
    """The path and the query have more bytes than any of this service."""

    status_code = 414
    code = "target_too_long"
    title = "URI too long"


class HeadersTooLarge(SweepServiceError):
    """The head of the request has more bytes than one request may have."""

    status_code = 431
    code = "headers_too_large"
    title = "Request header fields too large"


class Heads:
    """Refuses requests with a head that is too long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or refuses it."""
        refusal = _refusal(scope) if scope["type"] == "http" else None
        if refusal is not None:
            await refused_response(refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _refusal(scope: Scope) -> SweepServiceError | None:
    target_bytes = len(scope["raw_path"]) + len(scope["query_string"])
    if target_bytes > MOST_TARGET_BYTES:
        return TargetTooLong(f"path and query have {target_bytes} bytes; accepted: up to {MOST_TARGET_BYTES}")
    head_bytes = target_bytes + sum(len(name) + len(value) for name, value in scope["headers"])
    if head_bytes > MOST_HEAD_BYTES:
        return HeadersTooLarge(f"the headers have {head_bytes} bytes; accepted: up to {MOST_HEAD_BYTES}")
    return None
