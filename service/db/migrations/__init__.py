"""Brings a database to this release's schema, and refuses one that a newer release has changed."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from service.db.database import Database
from service.errors import DatabaseTooNew

# Any constant: it keeps two processes that start at once from migrating side by side.
MIGRATION_LOCK = 7_263_511


async def upgrade(database: Database, revision: str = "head") -> str | None:
    """Applies every migration up to `revision`; the one that was found, none in an empty database.

    Raises DatabaseTooNew for a schema this release does not know.
    """
    async with database.write() as session:
        return await (await session.connection()).run_sync(_upgrade, revision)


async def downgrade(database: Database, revision: str) -> None:
    """Takes back every migration after `revision`; `base` takes back all."""
    async with database.write() as session:
        await (await session.connection()).run_sync(_downgrade, revision)


@dataclass(frozen=True)
class SchemaProblem:
    """Why a database's schema is not this release's, a sentence."""

    detail: str
    is_newer: bool
    """A newer release has migrated it under us: what we know of it is there still, for migrations expand first."""


async def schema_problem(database: Database) -> SchemaProblem | None:
    """What is wrong with the database's schema; none while it is this release's."""
    async with database.read() as session:
        connection = await session.connection()
        found = await connection.run_sync(_current_revision)
    known = revisions()
    if found == known[-1]:
        return None
    if found is None or found in known:
        detail = f"the schema is of {found or 'nobody'} and this release needs {known[-1]}: supsweep migrate"
        return SchemaProblem(detail, is_newer=False)
    detail = f"the schema is of {found}, which a newer release made: install that release, or restore a backup"
    return SchemaProblem(detail, is_newer=True)


@cache
def revisions() -> tuple[str, ...]:
    """Every revision this release knows, the first one first."""
    script = ScriptDirectory.from_config(_config(None))
    return tuple(revision.revision for revision in reversed(list(script.walk_revisions())))


def _upgrade(connection: Connection, revision: str) -> str | None:
    _lock(connection)
    found = _current_revision(connection)
    try:
        command.upgrade(_config(connection), revision)
    except CommandError as error:
        message = "the database was changed by a newer release of supsweep: install that release, or restore a backup"
        raise DatabaseTooNew(message) from error
    return found


def _downgrade(connection: Connection, revision: str) -> None:
    _lock(connection)
    command.downgrade(_config(connection), revision)


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})


def _current_revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config
