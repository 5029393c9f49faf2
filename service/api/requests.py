"""What surrounds every request: its id, its line in the log, its time in the metrics, the answer to a bug or a stop.

A plain ASGI middleware, so that event streams flow through it unchanged.
"""

import asyncio
import logging
import re
import secrets
import time
from dataclasses import dataclass, field

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars

from service.api.guards.credentials import credential_of
from service.api.problems import crash_response, refused_response
from service.errors import Stopping
from service.metrics import Metrics

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
API_KEY = re.compile(r"sws_([0-9A-Za-z]{1,32})_")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
PROBES = ("/healthz", "/readyz", "/metrics")
"""Asked every few seconds, so their lines are for debugging only."""

log = logging.getLogger(__name__)


@dataclass
class _Answer:
    """What became of one request."""

    began_at: float = field(default_factory=time.perf_counter)
    status: int = 0
    seconds: float = 0.0

    @property
    def has_begun(self) -> bool:
        """Whether a status is on its way to the client."""
        return self.status != 0


class Requests:
    """Wraps the application: every request gets an id, which comes back as X-Request-ID."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(Headers(scope=scope))
        clear_contextvars()
        bind_contextvars(request=request_id)
        answer = _Answer()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer.status, answer.seconds = message["status"], time.perf_counter() - answer.began_at
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        try:
            await self._answer(scope, receive, send_with_id, answer)
        finally:
            self._tell(scope, answer)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, answer: _Answer) -> None:
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            # The server gives up what has not ended when it stops, and would call that a bug of ours.
            if answer.has_begun:
                raise
            problem = Stopping("the request was given up, for its process is stopping: send it again in a moment")
            await refused_response(problem)(scope, receive, send)
        except Exception:
            log.exception("request crashed", extra={"method": scope["method"], "route": _route(scope)})
            if answer.has_begun:
                raise
            await crash_response()(scope, receive, send)

    def _tell(self, scope: Scope, answer: _Answer) -> None:
        method = scope["method"] if scope["method"] in METHODS else "other"
        route = _route(scope)
        self._metrics.request_seconds.labels(method, route, answer.status).observe(answer.seconds)
        fields = {
            "method": method,
            "route": route,
            "status": answer.status,
            "seconds": round(time.perf_counter() - answer.began_at, 4),
            "key": _key_id(Headers(scope=scope)),
        }
        log.log(logging.DEBUG if route in PROBES else logging.INFO, "request", extra=fields)


async def bind_ids(request: Request) -> None:
    """A dependency of every route: from here on each line of the request tells what it is about."""
    bind_contextvars(**{name.removesuffix("_id"): value for name, value in request.path_params.items()})


def _request_id(headers: Headers) -> str:
    """The caller's own id where it sent a decent one."""
    sent = headers.get("X-Request-ID", "")
    return sent if REQUEST_ID.fullmatch(sent) else secrets.token_hex(8)


def _route(scope: Scope) -> str:
    """The template of the path, so that ids do not make a series each."""
    route = scope.get("route")
    return getattr(route, "path", "unknown")


def _key_id(headers: Headers) -> str | None:
    """Id of the API key that the caller claims to hold; never its secret."""
    claimed = API_KEY.match(credential_of(headers))
    return claimed[1] if claimed else None
