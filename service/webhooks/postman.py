"""Posts one message: signed, to a checked address, without following redirects or reading the answer's body."""

import asyncio
import json
import ssl
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import httpx

from service.errors import SecretUnreadable
from service.vault import Vault
from service.webhooks.addresses import Addresses, UrlRefused
from service.webhooks.signatures import sign

CONNECT_SECONDS = 5.0
TRY_SECONDS = 20.0
"""A whole try, whatever the receiver does; Standard Webhooks recommend 15 to 30."""
GONE = 410


@dataclass(frozen=True)
class Letter:
    """One message with where it goes."""

    url: str
    sealed_secrets: tuple[str, ...]
    """Each signs it."""
    message_id: str
    payload: dict[str, Any]


@dataclass(frozen=True)
class Receipt:
    """What came of a try: the status that was answered, and what was wrong, if anything."""

    status: int | None = None
    problem: str | None = None
    retry_after_seconds: float = 0.0
    """The receiver wants to be left alone for so long."""

    @property
    def is_gone(self) -> bool:
        """The receiver never wants to hear of us again."""
        return self.status == GONE


@cache
def _tls() -> ssl.SSLContext:
    # Reading the authorities takes longer than a message.
    return httpx.create_ssl_context(trust_env=False)


@dataclass(frozen=True)
class Postman:
    """Signs with the webhook's secrets and posts to the addresses that the rules allow."""

    vault: Vault
    addresses: Addresses
    tls: ssl.SSLContext = field(default_factory=_tls)

    async def post(self, letter: Letter, now: datetime) -> Receipt:
        """Tries once."""
        body = json.dumps(letter.payload, ensure_ascii=False, separators=(",", ":")).encode()
        timestamp = int(now.timestamp())
        try:
            secrets = [self.vault.open(sealed) for sealed in letter.sealed_secrets]
        except SecretUnreadable as error:
            return Receipt(problem=error.detail)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "supsweep",
            "webhook-id": letter.message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(secrets, letter.message_id, timestamp, body),
        }
        try:
            async with asyncio.timeout(TRY_SECONDS):
                return await self._post(httpx.URL(letter.url), headers, body)
        except TimeoutError:
            return Receipt(problem=f"no answer within {TRY_SECONDS:.0f} s")
        except UrlRefused as refused:
            return Receipt(problem=str(refused))
        except httpx.TransportError as error:
            return Receipt(problem=f"no answer: {str(error) or type(error).__name__}")

    async def _post(self, url: httpx.URL, headers: dict[str, str], body: bytes) -> Receipt:
        *others, last = await self.addresses.of(str(url))
        # No proxies of the environment, which would resolve names for themselves; and a connection of its own for
        # each message: an open one to the same address may be for another host, whose certificate this one lacks.
        timeout = httpx.Timeout(TRY_SECONDS, connect=CONNECT_SECONDS)
        async with httpx.AsyncClient(trust_env=False, verify=self.tls, timeout=timeout) as http:
            for address in others:
                try:
                    return await _post_to(address, http, url, headers, body)
                except (httpx.ConnectError, httpx.ConnectTimeout):
                    # Nothing was sent: the host's next address may be within reach.
                    continue
            return await _post_to(last, http, url, headers, body)


async def _post_to(
    address: str, http: httpx.AsyncClient, url: httpx.URL, headers: dict[str, str], body: bytes
) -> Receipt:
    request = http.build_request(
        "POST",
        url.copy_with(host=address),
        headers=headers | {"Host": url.netloc.decode()},
        content=body,
        # The certificate is checked against the name, not against the address.
        extensions={"sni_hostname": url.raw_host.decode()},
    )
    answer = await http.send(request, stream=True)
    # Its body is nothing to us, however long it is.
    await answer.aclose()
    if answer.is_success:
        return Receipt(answer.status_code)
    return Receipt(answer.status_code, f"the receiver answered {answer.status_code}", _retry_after_seconds(answer))


def _retry_after_seconds(answer: httpx.Response) -> float:
    wanted = answer.headers.get("Retry-After", "")
    return float(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 7 else 0.0
