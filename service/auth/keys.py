"""API keys `sws_<id>_<secret>`: how one is made and how one is checked."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

from service.db import keys
from service.db.database import Session
from service.db.keys import KeyRow
from service.errors import Unauthenticated

PREFIX = "sws"


@dataclass(frozen=True)
class NewKey:
    """A key that nobody can read again: its text for the owner, its row for the database."""

    text: str
    row: KeyRow


ALL_SCOPES = ("read", "write", "admin")


def make_key(owner: str, now: datetime) -> NewKey:
    """A fresh key of 256 random bits that speaks for `owner`."""
    key_id, secret = secrets.token_hex(4), secrets.token_hex(32)
    row = KeyRow(id=key_id, owner=owner, secret_sha256=_sha256(secret), scopes=[*ALL_SCOPES], created_at=now)
    return NewKey(text=f"{PREFIX}_{key_id}_{secret}", row=row)


async def owner_of_key(session: Session, text: str | None) -> str:
    """Whom the key speaks for. Raises Unauthenticated for a missing or a wrong one."""
    if text is None:
        raise Unauthenticated("no API key: send it as `Authorization: Bearer sws_…`")
    prefix, _, rest = text.partition("_")
    key_id, _, secret = rest.partition("_")
    row = await keys.find(session, key_id) if prefix == PREFIX else None
    # Compared whether there is such a key or not, so that the time tells nothing.
    expected = row.secret_sha256 if row is not None else _sha256("")
    if not hmac.compare_digest(_sha256(secret), expected) or row is None:
        raise Unauthenticated("the API key is not known here")
    return row.owner


def _sha256(secret: str) -> str:
    # The secret is random, not chosen by a person: a slow hash would add nothing.
    return hashlib.sha256(secret.encode()).hexdigest()
