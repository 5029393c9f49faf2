"""Who calls and what they may do: what a key's row says once it has been checked."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from service.db.keys import KeyRow
from service.errors import Forbidden
from service.schemas.keys import Scope, in_order

EVERYBODY = "*"
"""Instead of an owner, where an admin asks for what everybody has."""

_INCLUDED: dict[Scope, frozenset[Scope]] = {
    Scope.READ: frozenset({Scope.READ}),
    Scope.WRITE: frozenset({Scope.READ, Scope.WRITE}),
    Scope.ADMIN: frozenset(Scope),
}


@dataclass(frozen=True)
class Caller:
    """The holder of a key."""

    owner: str
    scopes: frozenset[Scope]
    """Everything the key allows, the scopes that others include among them."""
    key_id: str
    key_expires_at: datetime | None = None

    @classmethod
    def of(cls, key: KeyRow) -> Self:
        """The holder of that key."""
        return cls(key.owner, expand(Scope(scope) for scope in key.scopes), key.id, key.expires_at)

    @property
    def is_admin(self) -> bool:
        """Whether everybody's things are open, and clusters and keys may be changed."""
        return Scope.ADMIN in self.scopes

    @property
    def sees(self) -> str | None:
        """The owner whose things are open to the caller; none for an admin, to whom everybody's are."""
        return None if self.is_admin else self.owner

    def owner_to_list(self, asked: str | None) -> str | None:
        """Whose things are listed: the caller's own unless `asked` names others'; none for everybody's.

        Raises Forbidden for others' things, unless an admin asks.
        """
        if asked is None or asked == self.owner:
            return self.owner
        self.require(Scope.ADMIN)
        return None if asked == EVERYBODY else asked

    def require(self, scope: Scope) -> Self:
        """The caller. Raises Forbidden, which names the scope, for a key without it."""
        if scope not in self.scopes:
            held = ", ".join(in_order(self.scopes))
            raise Forbidden(f"this needs a key with the scope {scope.value}; the key {self.key_id} has {held}")
        return self


def expand(scopes: Iterable[Scope]) -> frozenset[Scope]:
    """The scopes with all that they include."""
    return frozenset(included for scope in scopes for included in _INCLUDED[scope])
