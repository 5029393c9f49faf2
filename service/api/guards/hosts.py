"""Answers only to the names that the service has: a page that a browser resolves to this machine reaches nothing.

Without this, any web page could have its own name mean 127.0.0.1 and read what an embedded service shows (DNS
rebinding).
"""

from collections.abc import Collection

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.problems import refused_response
from service.errors import SweepServiceError

ANY = "*"


class UnknownHost(SweepServiceError):
    """The request was sent to a name that is not the service's."""

    status_code = 421
    code = "unknown_host"
    title = "Misdirected request"


class Hosts:
    """Refuses requests whose Host is none of `names`; * lets every one pass.

    What is at `nameless` answers to any name: a scraper calls each process by its address.
    """

    def __init__(self, app: ASGIApp, names: Collection[str], nameless: Collection[str] = ()) -> None:
        self._app = app
        self._names = {name.lower() for name in names}
        self._nameless = nameless

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on, or refuses it."""
        if scope["type"] == "http" and ANY not in self._names and scope["path"] not in self._nameless:
            host = _without_port(Headers(scope=scope).get("host", "")).lower()
            if host not in self._names:
                refusal = UnknownHost(f"this service has no name {host!r}; SUPSWEEP_ALLOWED_HOSTS lists those it has")
                await refused_response(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _without_port(host: str) -> str:
    """The name alone; an IPv6 address without its brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
