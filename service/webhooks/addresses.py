"""Where webhooks may lead: no request of ours reaches what only this machine or its network can see.

The check is made when a webhook is written and again at every try, and what is connected to is the address that was
checked: a name that means something else a moment later leads nowhere.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from threading import BoundedSemaphore

import httpx

from service.errors import SweepServiceError
from service.threads import AT_ONCE, Work, in_thread

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Every address of a host's name. Raises OSError when it has none."""

RESOLVE_SECONDS = 5.0
PORTS = {"http": 80, "https": 443}

NAT64 = IPv6Network("64:ff9b::/96")
"""Addresses that carry an IPv4 address in their last four bytes (RFC 6052)."""
GLOBAL_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that anybody was given for use on the internet (IANA's IPv6 address space registry). Beyond it lie the
forms that carry an IPv4 address for one network alone: ::/96, ::ffff:0:0:0/96, 64:ff9b:1::/48."""
SPECIAL = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"), IPv6Network("3fff::/20"))
"""Of IANA's special-purpose address registries, as of 2024-10, what Python 3.11 takes for public, in part or whole:
protocol assignments (RFC 6890), relays of 6to4 (RFC 7526), documentation (RFC 9637)."""
METADATA = frozenset({ip_address("168.63.129.16")})
"""Public by its number, yet answered inside a cloud alone: Azure's host agent."""

_free_lookups = BoundedSemaphore(AT_ONCE[Work.NAMES])


class UrlRefused(Exception):
    """A webhook may not lead there, in a sentence."""


class LookupsBusy(SweepServiceError):
    """Every thread that looks up names waits for an answer; none is given up before it comes."""

    status_code = 503
    code = "lookups_busy"
    title = "Too many names are looked up"


async def resolve_by_system(host: str, port: int) -> list[str]:
    """As every program on this machine resolves names. Raises LookupsBusy rather than wait for others' names."""
    if not _free_lookups.acquire(blocking=False):
        detail = f"{AT_ONCE[Work.NAMES]} other names are being looked up, which takes long: ask again in a moment"
        raise LookupsBusy(detail, headers={"Retry-After": f"{RESOLVE_SECONDS:.0f}"})
    return await in_thread(Work.NAMES, _look_up, host, port)


def _look_up(host: str, port: int) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    finally:
        # Here, not where it is waited for: a name that was given up holds its thread on.
        _free_lookups.release()
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True)
class Addresses:
    """The rules for URLs of webhooks, and the addresses that keep to them."""

    allow_http: bool
    allow_private: bool
    resolve: Resolve = resolve_by_system

    async def of(self, url: str) -> list[str]:
        """Every address of the URL's host. Raises UrlRefused unless all may be connected to, and LookupsBusy."""
        parsed = self._parsed(url)
        host, port = parsed.raw_host.decode(), parsed.port or PORTS[parsed.scheme]
        try:
            async with asyncio.timeout(RESOLVE_SECONDS):
                found = await self.resolve(host, port)
        except TimeoutError as error:
            sentence = f"url cannot name {host!r}, which DNS did not find within {RESOLVE_SECONDS:g} s: ask again"
            raise UrlRefused(sentence) from error
        except (OSError, UnicodeError) as error:
            raise UrlRefused(
                f"url cannot name {host!r}, which has no address; accepted: a host that DNS knows"
            ) from error
        for text in found:
            if not self.allow_private and not is_public(ip_address(text)):
                raise UrlRefused(
                    f"url cannot name {host!r}, which is {text}; accepted: hosts whose every address is public "
                    "(SUPSWEEP_WEBHOOKS_ALLOW_PRIVATE lifts this)"
                )
        return found

    def _parsed(self, url: str) -> httpx.URL:
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise UrlRefused(f"url cannot be read ({error}); accepted: such as https://example.org/hook") from error
        schemes = ("https", "http") if self.allow_http else ("https",)
        if parsed.scheme not in schemes or not parsed.raw_host:
            raise UrlRefused(f"url cannot be {url!r}; accepted: {' or '.join(f'{scheme}://…' for scheme in schemes)}")
        if parsed.port is not None and not 0 < parsed.port < 65536:
            raise UrlRefused(f"url cannot have the port {parsed.port}; accepted: 1 to 65535")
        if parsed.userinfo or parsed.fragment:
            raise UrlRefused("url cannot hold a user, a password or a fragment; accepted: host, port, path and query")
        return parsed


def is_public(address: Address) -> bool:
    """Whether the address is one of the open internet, whatever address it carries within."""
    if isinstance(address, IPv6Address):
        carried = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if address in NAT64:
            carried = IPv4Address(int(address) & 0xFFFF_FFFF)
        if carried is not None:
            return is_public(carried)
        if address not in GLOBAL_UNICAST:
            return False
    is_special = address in METADATA or any(address in network for network in SPECIAL)
    return address.is_global and not address.is_multicast and not is_special
