"""Secrets of keys that can be made again for a repeated call, although nothing readable is stored."""

import secrets
from dataclasses import dataclass

from service.auth.keys import is_secret_of
from service.db.keys import KeyRow
from service.errors import SecretUnreadable
from service.vault import Vault


@dataclass(frozen=True)
class KeySecrets:
    """The secret of a key follows from the service's own secret, whoever asked for it, and the Idempotency-Key.

    Without an Idempotency-Key nobody asks again, and 256 random bits take its place.
    """

    vault: Vault
    owner: str
    idempotency_key: str | None

    def make(self, key_id: str) -> str:
        """The secret of a key that is being made."""
        return self._derive(self.idempotency_key or secrets.token_hex(32), key_id)[0]

    def make_again(self, key: KeyRow) -> str:
        """The secret that a key was made with. Raises SecretUnreadable when no secret of the service's gives it."""
        assert self.idempotency_key is not None, "nothing was made before without an Idempotency-Key"
        for secret in self._derive(self.idempotency_key, key.id):
            if is_secret_of(key, secret):
                return secret
        raise SecretUnreadable(
            f"the key {key.id} was made with a secret that SUPSWEEP_SECRET_KEYS does not hold any more: rotate the key"
        )

    def _derive(self, idempotency_key: str, key_id: str) -> list[str]:
        return self.vault.derive("api key", self.owner, idempotency_key, key_id)
