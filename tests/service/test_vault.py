"""Secrets are sealed, opened by the keys that sealed them, and keys can be replaced."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from service.errors import SecretUnreadable
from service.vault import Vault

NO_FILE = Path("/nonexistent/secret_key")


def key() -> str:
    return Fernet.generate_key().decode()


def test_what_was_sealed_is_opened_and_cannot_be_read_meanwhile() -> None:
    vault = Vault(key(), NO_FILE)
    sealed = vault.seal("token of the cluster")
    assert "token" not in sealed
    assert vault.open(sealed) == "token of the cluster"


def test_derived_secrets_tell_words_and_keys_apart() -> None:
    old, new = key(), key()
    (secret,) = Vault(old, NO_FILE).derive("a", "b")
    assert secret == Vault(old, NO_FILE).derive("a", "b")[0]
    assert len(bytes.fromhex(secret)) == 32
    assert Vault(f"{new}, {old}", NO_FILE).derive("a", "b")[1] == secret
    assert len({secret, *Vault(new, NO_FILE).derive("a", "b"), *Vault(old, NO_FILE).derive("ab", "")}) == 3


def test_old_key_behind_the_new_one_still_opens() -> None:
    old, new = key(), key()
    sealed = Vault(old, NO_FILE).seal("secret")
    assert Vault(f"{new},{old}", NO_FILE).open(sealed) == "secret"
    with pytest.raises(SecretUnreadable, match="SUPSWEEP_SECRET_KEYS"):
        Vault(new, NO_FILE).open(sealed)


def test_key_of_the_home_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "home" / "secret_key"
    sealed = Vault(None, file).seal("secret")
    assert Vault(None, file).open(sealed) == "secret"
    assert file.stat().st_mode & 0o777 == 0o600


def test_keys_of_the_environment_are_separated_by_commas(tmp_path: Path) -> None:
    old, new = key(), key()
    vault = Vault(f"{new}, {old}", tmp_path / "secret_key")
    assert vault.open(Vault(old, NO_FILE).seal("secret")) == "secret"
    assert not (tmp_path / "secret_key").exists()
