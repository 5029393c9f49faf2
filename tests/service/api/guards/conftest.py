"""Guards ask for no more than a list of secrets, so one kind of database is enough here."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from service.db.database import Database


@pytest.fixture
async def database(migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A migrated database without rows."""
    shutil.copyfile(migrated_sqlite, tmp_path / "ledger.db")
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}")
    yield database
    await database.close()
