"""`supsweep secrets reseal`: with the service's settings, beside it or without it."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from typer.testing import Result

from service.db.database import Database
from service.db.migrations import upgrade
from service.vault import Vault

Supsweep = Callable[..., Result]
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
ROW = """INSERT INTO clusters (name, address, sealed_token, labels, verify_tls, is_from_settings, is_draining, version,
created_at, check_due_at, orphans_due_at)
VALUES ('east', 'http://a', ?, '{}', 1, 0, 0, 1, '2026-01-01', '2026-01-01', '2026-01-01')"""


@pytest.fixture
def ledger(home: Path) -> Path:
    """A ledger whose one secret is sealed with the old key."""
    home.mkdir()
    asyncio.run(_migrate(home / "ledger.db"))
    with closing(sqlite3.connect(home / "ledger.db")) as connection, connection:
        connection.execute(ROW, (Vault(OLD, home / "none").seal("token"),))
    return home / "ledger.db"


async def _migrate(file: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{file}")
    await upgrade(database)
    await database.close()


def test_a_key_is_replaced(supsweep: Supsweep, ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPSWEEP_SECRET_KEYS", f"{NEW},{OLD}")
    first = supsweep("secrets", "reseal")
    assert (first.exit_code, first.stderr) == (0, "")
    assert first.stdout == (
        "token of cluster east: sealed anew\n1 sealed anew, 0 were sealed with the first key already\n"
    )
    monkeypatch.setenv("SUPSWEEP_SECRET_KEYS", NEW)
    assert supsweep("secrets", "reseal").stdout == "0 sealed anew, 1 were sealed with the first key already\n"
    with closing(sqlite3.connect(ledger)) as connection:
        ((sealed,),) = connection.execute("SELECT sealed_token FROM clusters").fetchall()
    assert Vault(NEW, ledger).open(sealed) == "token"


def test_what_no_key_opens_is_a_failure(supsweep: Supsweep, ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPSWEEP_SECRET_KEYS", NEW)
    result = supsweep("secrets", "reseal")
    assert result.exit_code == 1
    assert "no key of SUPSWEEP_SECRET_KEYS opens: token of cluster east" in result.stderr


def test_bad_settings_and_an_empty_database_are_sentences(
    supsweep: Supsweep, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.mkdir()
    assert "supsweep migrate" in supsweep("secrets", "reseal").stderr
    monkeypatch.setenv("SUPSWEEP_SECRET_KEYS", "x")
    assert "supsweep: SUPSWEEP_SECRET_KEYS: " in supsweep("secrets", "reseal").stderr
