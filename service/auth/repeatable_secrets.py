"""Secrets that can be made again for a repeated call, although nothing readable is stored."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from service.errors import SecretUnreadable
from service.vault import Vault


@dataclass(frozen=True)
class RepeatableSecrets:
    """A secret follows from the service's own secret, whoever asked for it, the Idempotency-Key, and what it opens.

    Without an Idempotency-Key nobody asks again, and 256 random bits take its place.
    """

    vault: Vault
    kind: str
    """What the secrets are, `api key` for example: no secret of one kind is one of another."""
    owner: str
    idempotency_key: str | None

    def make(self, name: str) -> str:
        """256 bits in hex, the secret of what is being made under that name."""
        return self._derive(self.idempotency_key or secrets.token_hex(32), name)[0]

    def make_again(self, name: str, is_right: Callable[[str], bool]) -> str:
        """The secret that was made before. Raises SecretUnreadable when no secret of the service's gives it."""
        assert self.idempotency_key is not None, "nothing was made before without an Idempotency-Key"
        for secret in self._derive(self.idempotency_key, name):
            if is_right(secret):
                return secret
        raise SecretUnreadable(
            f"the {self.kind} {name} was made with a secret that SUPSWEEP_SECRET_KEYS does not hold any more: "
            "make another under a new Idempotency-Key"
        )

    def _derive(self, idempotency_key: str, name: str) -> list[str]:
        return self.vault.derive(self.kind, self.owner, idempotency_key, name)
