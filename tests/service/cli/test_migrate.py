"""`supsweep migrate`: one line and exit code 0, or one sentence and exit code 1."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import Result

from service.db.migrations import revisions

Supsweep = Callable[..., Result]
NEWEST = revisions()[-1]


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    """Leaves the root logger as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_database_is_migrated_once(supsweep: Supsweep, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPSWEEP_DATABASE_URL", database_url)
    first, second = supsweep("migrate"), supsweep("migrate")
    assert (first.exit_code, first.output) == (0, f"the database is migrated: empty → {NEWEST}\n")
    assert (second.exit_code, second.output) == (0, f"the database is up to date: {NEWEST}\n")


def test_database_of_a_newer_release_is_a_sentence(supsweep: Supsweep, home: Path) -> None:
    assert supsweep("migrate").exit_code == 0
    with closing(sqlite3.connect(home / "ledger.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '2099_01_01_future'")
    result = supsweep("migrate")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "supsweep: the database was changed by a newer release of supsweep: install that release, or restore a backup\n"
    )


def test_database_that_is_away_is_a_sentence_without_its_password(
    supsweep: Supsweep, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUPSWEEP_DATABASE_URL", "postgresql+asyncpg://me:hush@127.0.0.1:1/nothing")
    monkeypatch.setenv("SUPSWEEP_STARTUP_SECONDS", "0")
    result = supsweep("migrate")
    assert (result.exit_code, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("supsweep: the database does not answer: ")
    assert "hush" not in line


def test_bad_setting_is_a_sentence(supsweep: Supsweep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPSWEEP_DATABASE_URL", "mysql://here")
    result = supsweep("migrate")
    assert result.exit_code == 1
    assert result.stderr.startswith("supsweep: SUPSWEEP_DATABASE_URL: ")
