"""Sessions are whole transactions, writers wait for one another, and a broken database is a sentence."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from service.auth.keys import make_key
from service.db import keys
from service.db.database import Database
from service.errors import DatabaseFull, DatabaseUnavailable, MadeMeanwhile

NOW = datetime(2026, 1, 1, tzinfo=UTC)


async def test_changes_of_a_session_that_raises_are_not_kept(database: Database) -> None:
    key = make_key("somebody", NOW)
    with pytest.raises(ZeroDivisionError):
        async with database.write() as session:
            session.add(key.row)
            await session.flush()
            raise ZeroDivisionError
    async with database.read() as session:
        assert await keys.find(session, key.row.id) is None


async def test_time_comes_back_aware_and_equal(database: Database) -> None:
    key = make_key("somebody", NOW)
    async with database.write() as session:
        session.add(key.row)
    async with database.read() as session:
        row = await keys.find(session, key.row.id)
    assert row is not None
    assert row.created_at == NOW


async def test_concurrent_read_modify_write_loses_no_update(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("CREATE TABLE counter (value INTEGER)"))
        await session.execute(text("INSERT INTO counter VALUES (0)"))
    lock = " FOR UPDATE" if database.engine.dialect.name == "postgresql" else ""

    async def increment() -> None:
        async with database.write() as session:
            value = await session.scalar(text("SELECT value FROM counter" + lock))
            await asyncio.sleep(0)
            await session.execute(text("UPDATE counter SET value = :value"), {"value": value + 1})

    await asyncio.gather(*[increment() for _ in range(20)])
    async with database.read() as session:
        assert await session.scalar(text("SELECT value FROM counter")) == 20


async def _create_rows_with_rules(database: Database) -> None:
    """A parent with the id 1 and a child of it, in tables with every kind of rule."""
    async with database.write() as session:
        await session.execute(text("CREATE TABLE parents (id INTEGER PRIMARY KEY)"))
        columns = "id INTEGER PRIMARY KEY, parent INTEGER NOT NULL REFERENCES parents (id), name INTEGER UNIQUE"
        await session.execute(text(f"CREATE TABLE children ({columns}, CHECK (name < 10))"))
        await session.execute(text("INSERT INTO parents VALUES (1)"))
        await session.execute(text("INSERT INTO children VALUES (1, 1, 1)"))


@pytest.mark.parametrize("row", ["1, 1, 2", "2, 1, 1"], ids=["primary key", "unique"])
async def test_what_is_there_already_is_a_race_that_was_lost(database_url: str, row: str) -> None:
    database = Database(database_url)
    await _create_rows_with_rules(database)
    with pytest.raises(MadeMeanwhile, match="ask again"):
        async with database.write() as session:
            await session.execute(text(f"INSERT INTO children VALUES ({row})"))
    await database.close()


@pytest.mark.parametrize("row", ["2, 7, 2", "2, NULL, 2", "2, 1, 10"], ids=["no parent", "nothing", "check"])
async def test_every_other_broken_rule_is_a_bug(database_url: str, row: str) -> None:
    database = Database(database_url)
    await _create_rows_with_rules(database)
    with pytest.raises(IntegrityError):
        async with database.write() as session:
            await session.execute(text(f"INSERT INTO children VALUES ({row})"))
    await database.close()


async def test_full_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'small.db'}")
    with pytest.raises(DatabaseFull, match="free some space"):
        async with database.write() as session:
            await session.execute(text("CREATE TABLE filler (value BLOB)"))
            await session.execute(text("PRAGMA max_page_count = 10"))
            await session.execute(text("INSERT INTO filler VALUES (zeroblob(1000000))"))
    await database.close()


async def test_absent_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        await database.check()
    await database.close()


async def test_refused_connection_is_a_sentence() -> None:
    # Port 1 of the loopback is never a PostgreSQL server.
    database = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(DatabaseUnavailable, match="does not answer"):
        await database.check()
    await database.close()
