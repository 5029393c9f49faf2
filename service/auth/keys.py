"""API keys `sws_<id>_<secret>`: how one is made and how one is checked."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.db import keys
from service.db.database import Session
from service.db.keys import KeyRow
from service.errors import Unauthenticated
from service.schemas.keys import Scope, in_order

PREFIX = "sws"
USE_NOTED_SECONDS = 60.0
"""Uses of a key are noted no closer together than this, so that reading costs no write."""


@dataclass(frozen=True)
class NewKey:
    """A key that nobody can read again: its text for the owner, its row for the database."""

    text: str
    row: KeyRow


def random_secret(_key_id: str) -> str:
    """256 random bits."""
    return secrets.token_hex(32)


def make_key(
    owner: str,
    now: datetime,
    scopes: Iterable[Scope] = tuple(Scope),
    *,
    name: str = "",
    expires_at: datetime | None = None,
    secret_of: Callable[[str], str] = random_secret,
) -> NewKey:
    """A fresh key that speaks for `owner`; `secret_of` gives the secret of a key's id, 256 bits."""
    key_id = secrets.token_hex(4)
    secret = secret_of(key_id)
    row = KeyRow(
        id=key_id,
        owner=owner,
        secret_sha256=_sha256(secret),
        name=name,
        scopes=[*in_order(scopes)],
        expires_at=expires_at,
        created_at=now,
    )
    return NewKey(text=key_text(key_id, secret), row=row)


def key_text(key_id: str, secret: str) -> str:
    """The key as its owner sends it."""
    return f"{PREFIX}_{key_id}_{secret}"


def is_secret_of(key: KeyRow, secret: str) -> bool:
    """Whether the key was handed out with this secret."""
    return hmac.compare_digest(key.secret_sha256, _sha256(secret))


async def check_key(session: Session, text: str | None, now: datetime) -> KeyRow:
    """The row of a key that works. Raises Unauthenticated for one that is missing, wrong, revoked or expired."""
    if text is None:
        raise Unauthenticated("no API key: send it as `Authorization: Bearer sws_…`")
    prefix, _, rest = text.partition("_")
    key_id, _, secret = rest.partition("_")
    row = await keys.find(session, key_id) if prefix == PREFIX else None
    # Compared whether there is such a key or not, so that the time tells nothing.
    expected = row.secret_sha256 if row is not None else _sha256("")
    if not hmac.compare_digest(_sha256(secret), expected) or row is None:
        raise Unauthenticated("the API key is not known here")
    check_not_ended(row, now)
    return row


def check_not_ended(row: KeyRow, now: datetime) -> None:
    """Raises Unauthenticated for a key that is revoked or expired."""
    if row.revoked_at is not None:
        raise Unauthenticated(f"the API key {row.id} was revoked at {row.revoked_at:%Y-%m-%d %H:%M} UTC")
    if row.expires_at is not None and row.expires_at <= now:
        raise Unauthenticated(f"the API key {row.id} expired at {row.expires_at:%Y-%m-%d %H:%M} UTC")


def is_use_to_note(key: KeyRow, now: datetime) -> bool:
    """Whether the last use that was noted is long enough ago."""
    return key.last_used_at is None or now - key.last_used_at >= timedelta(seconds=USE_NOTED_SECONDS)


def _sha256(secret: str) -> str:
    # The secret is random, not chosen by a person: a slow hash would add nothing.
    return hashlib.sha256(secret.encode()).hexdigest()
