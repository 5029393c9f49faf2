"""Secrets at rest: tokens of clusters and secrets of webhooks are sealed before they reach the database.

Fernet (AES-128-CBC with HMAC-SHA256, https://github.com/fernet/spec) by the `cryptography` package.
"""

import hmac
import json
from functools import cached_property
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from service.errors import SecretUnreadable
from service.private_files import create_private


class Vault:
    """Seals with the first key, opens with any: so a key is replaced by putting a new one before it.

    `keys` are separated by commas, the newest first; none takes the one in `file`, which is made when it is first
    needed.
    """

    def __init__(self, keys: str | None, file: Path) -> None:
        self._keys = keys
        self._file = file

    def check(self) -> None:
        """Raises SecretUnreadable when the file is there and holds no key."""
        if self._keys is None and self._file.exists():
            _ = self._fernet

    def seal(self, secret: str) -> str:
        """The secret as it may be stored."""
        return self._fernet.encrypt(secret.encode()).decode()

    def open(self, sealed: str) -> str:
        """The secret. Raises SecretUnreadable when no key of ours has sealed it."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken as error:
            raise SecretUnreadable(
                "a stored secret was sealed with a key that SUPSWEEP_SECRET_KEYS does not hold: add that key"
            ) from error

    def reseal(self, sealed: str) -> str:
        """The same secret sealed with the first key; what is already comes back as it is. Raises SecretUnreadable."""
        newest = Fernet(self._key_texts[0])
        try:
            newest.decrypt(sealed)
        except InvalidToken:
            return self.seal(self.open(sealed))
        return sealed

    def derive(self, *words: str) -> list[str]:
        """256-bit secrets in hex that follow from these words and a key of ours: one per key, the newest first."""
        message = json.dumps(words).encode()
        return [hmac.digest(key.encode(), message, "sha256").hex() for key in self._key_texts]

    @cached_property
    def _fernet(self) -> MultiFernet:
        try:
            return MultiFernet([Fernet(key) for key in self._key_texts])
        except ValueError as error:
            raise SecretUnreadable(
                f"{self._file} holds no Fernet key: put back the one that sealed what is stored, or take the file away"
            ) from error

    @cached_property
    def _key_texts(self) -> list[str]:
        return [key.strip() for key in (self._keys or self._key_of_file()).split(",")]

    def _key_of_file(self) -> str:
        if not self._file.exists():
            # Another process may have made one since: all seal with the one that is there.
            create_private(self._file, Fernet.generate_key().decode() + "\n")
        return self._file.read_text()
