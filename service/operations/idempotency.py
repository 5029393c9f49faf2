"""Idempotency-Key: a creation that is repeated with the same key and the same body gives what it made before."""

import hashlib
from datetime import datetime

from pydantic import BaseModel

from service.db import sweeps
from service.db.database import Session
from service.db.sweeps import IdempotencyRow
from service.errors import IdempotencyKeyReused


class Idempotency:
    """One creation by `owner` with a key (none: it is never repeated) of whatever `body` asks for.

    `kind` is the collection that is created in, `sweeps` for example: the same key may make one thing of each body.
    """

    def __init__(self, owner: str, key: str | None, kind: str, body: BaseModel) -> None:
        self._owner = owner
        self._key = key
        self._kind = kind
        self._body_sha256 = hashlib.sha256(f"{kind}\n{body.model_dump_json()}".encode()).hexdigest()

    async def made_before(self, session: Session) -> str | None:
        """Id of what the key made before, none when it is new. Raises IdempotencyKeyReused for another body."""
        earlier = None if self._key is None else await sweeps.find_idempotency_key(session, self._owner, self._key)
        if earlier is None:
            return None
        if earlier.body_sha256 != self._body_sha256:
            raise IdempotencyKeyReused(
                f"Idempotency-Key {self._key!r} came with another body before; use a new key for a new one"
            )
        return earlier.resource.removeprefix(f"{self._kind}/")

    def remember(self, session: Session, made_id: str, now: datetime) -> None:
        """Writes down what the key has made, in the transaction that makes it."""
        if self._key is not None:
            session.add(
                IdempotencyRow(
                    owner=self._owner,
                    key=self._key,
                    body_sha256=self._body_sha256,
                    resource=f"{self._kind}/{made_id}",
                    created_at=now,
                )
            )
