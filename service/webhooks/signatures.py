"""Signatures of Standard Webhooks: symmetric, `v1`."""

import base64
import hmac
import secrets
from collections.abc import Iterable

PREFIX = "whsec_"
SECRET_BYTES = 32


def make_secret() -> str:
    """A fresh secret in the form that receivers' libraries take."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign(secrets_of_webhook: Iterable[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The webhook-signature header of a message that is sent at `timestamp`, in seconds since the epoch.

    It has a signature by each secret, for a receiver that knows only one of them.
    """
    return " ".join(_signature(secret, message_id, timestamp, body) for secret in secrets_of_webhook)


def _signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
