"""Brings a database to this release's schema, and refuses one that a newer release has changed."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from service.db.database import Database
from service.errors import DatabaseTooNew


async def upgrade(database: Database, revision: str = "head") -> None:
    """Applies every migration up to `revision`. Raises DatabaseTooNew for a schema this release does not know."""
    async with database.engine.execution_options(writes=True).begin() as connection:
        await connection.run_sync(_upgrade, revision)


async def downgrade(database: Database, revision: str) -> None:
    """Takes back every migration after `revision`; `base` takes back all."""
    async with database.engine.execution_options(writes=True).begin() as connection:
        await connection.run_sync(lambda synchronous: command.downgrade(_config(synchronous), revision))


def head() -> str:
    """The newest revision this release knows."""
    newest = ScriptDirectory.from_config(_config(None)).get_current_head()
    assert newest is not None
    return newest


def _upgrade(connection: Connection, revision: str) -> None:
    try:
        command.upgrade(_config(connection), revision)
    except CommandError as error:
        message = "the database was changed by a newer release of supsweep: install that release, or restore a backup"
        raise DatabaseTooNew(message) from error


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config
