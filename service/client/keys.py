"""API keys: made, listed, changed, rotated, revoked."""

import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from service.client.calls import Calls, read
from service.schemas.keys import KeyPage, KeyView, NewKeyView, Scope


class KeyCalls(Calls):
    """What a person does with keys. The text of a new one is in its answer alone."""

    def create_key(
        self,
        name: str,
        *,
        owner: str | None = None,
        scopes: Sequence[Scope] = (Scope.WRITE,),
        expires_at: datetime | None = None,
    ) -> NewKeyView:
        """Makes one key, however often the call has to be repeated; for somebody else, if an admin asks."""
        body: dict[str, Any] = {"name": name, "owner": owner, "scopes": list(scopes)}
        if expires_at is not None:
            body["expires_at"] = expires_at.isoformat()
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        return read(NewKeyView, self._call("POST", "/v1/keys", json=body, headers=headers))

    def list_keys(self, *, owner: str | None = None) -> Iterator[KeyView]:
        """The caller's keys, newest first; an admin may ask for another owner's, or for everybody's with *."""
        for answer in self._pages("/v1/keys", {} if owner is None else {"owner": owner}):
            yield from read(KeyPage, answer).items

    def get_key(self, key_id: str) -> KeyView:
        """One key."""
        return read(KeyView, self._call("GET", _path(key_id)))

    def change_key(self, key_id: str, **changes: Any) -> KeyView:
        """Gives the key another `name`, or another `expires_at` (None: never)."""
        if isinstance(changes.get("expires_at"), datetime):
            changes["expires_at"] = changes["expires_at"].isoformat()
        return read(KeyView, self._call("PATCH", _path(key_id), json=changes))

    def rotate_key(self, key_id: str, *, grace_seconds: float = 0.0) -> NewKeyView:
        """A new key like this one, which works through the grace and then no more."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        answer = self._call("POST", f"{_path(key_id)}/rotate", json={"grace_seconds": grace_seconds}, headers=headers)
        return read(NewKeyView, answer)

    def revoke_key(self, key_id: str) -> None:
        """The key never works again; doing it again changes nothing."""
        self._call("DELETE", _path(key_id))


def _path(key_id: str) -> str:
    return f"/v1/keys/{quote(key_id, safe='')}"
