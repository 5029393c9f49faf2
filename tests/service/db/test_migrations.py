"""The migrations make exactly the tables of the code, on both databases, and can be taken back."""

from collections.abc import AsyncIterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

import service.db.clusters
import service.db.deliveries
import service.db.events
import service.db.instance
import service.db.keys
import service.db.projections
import service.db.reports
import service.db.results
import service.db.runners
import service.db.trials
import service.db.webhooks  # noqa: F401  # every table
from service.db.base import Base
from service.db.database import Database
from service.db.migrations import downgrade, upgrade
from service.errors import DatabaseTooNew


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """A migrated database of the test's own."""
    database = Database(database_url)
    await upgrade(database)
    yield database
    await database.close()


async def test_migrated_database_is_what_the_code_declares(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(
            compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), Base.metadata)
        )

    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_upgrade_may_be_repeated(database: Database) -> None:
    await upgrade(database)


async def test_downgrade_takes_everything_back(database: Database) -> None:
    await downgrade(database, "base")
    async with database.engine.connect() as connection:
        tables = await connection.run_sync(lambda synchronous: inspect(synchronous).get_table_names())
    assert tables == ["alembic_version"]


async def test_database_of_a_newer_release_is_refused_with_a_sentence(database: Database) -> None:
    async with database.write() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '2099_01_01_future'"))
    with pytest.raises(DatabaseTooNew, match="newer release"):
        await upgrade(database)
