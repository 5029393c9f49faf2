"""Secrets are sealed, opened by the keys that sealed them, and keys can be replaced."""

from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from service.errors import SecretUnreadable
from service.vault import Vault

NO_FILE = Path("/nonexistent/secret_key")
PROCESSES = 3
HOMES = 50


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


def seal_in_each(folder: Path, together: Barrier, sealed: Path) -> None:
    """One secret in each of several homes, at the same moment as others do."""
    for number in range(HOMES):
        together.wait(60)
        text = Vault(None, folder / str(number) / "secret_key").seal("secret")
        (sealed / str(number)).write_text(text)


@pytest.mark.slow
def test_processes_that_start_together_on_a_new_home_seal_with_one_key(tmp_path: Path) -> None:
    context = get_context("spawn")
    together = context.Barrier(PROCESSES)
    folders = [tmp_path / f"sealed-{number}" for number in range(PROCESSES)]
    for folder in folders:
        folder.mkdir()
    processes = [context.Process(target=seal_in_each, args=(tmp_path, together, folder)) for folder in folders]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * PROCESSES
    for number in range(HOMES):
        afterwards = Vault(None, tmp_path / str(number) / "secret_key")
        for folder in folders:
            assert afterwards.open((folder / str(number)).read_text()) == "secret"


def test_keys_of_the_environment_are_separated_by_commas(tmp_path: Path) -> None:
    old, new = key(), key()
    vault = Vault(f"{new}, {old}", tmp_path / "secret_key")
    assert vault.open(Vault(old, NO_FILE).seal("secret")) == "secret"
    assert not (tmp_path / "secret_key").exists()
