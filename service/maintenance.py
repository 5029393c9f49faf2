"""What is done to the ledger past the API, with the service's own settings: for whoever runs the service.

Each is one transaction, beside running processes if need be. Each raises SettingsRefused, DatabaseUnavailable for a
database that is away, and of another release where it does not bring that up to this one's.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from service.auth.first_key import add_first_key
from service.db.database import Database
from service.db.migrations import schema_problem
from service.db.preparation import Preparation, prepare_database
from service.errors import DatabaseUnavailable
from service.logs import configure_logs
from service.main import make_vault
from service.operations.secrets import Resealed, reseal_secrets
from service.settings import Settings, read_settings


async def migrate_database() -> Preparation:
    """Brings the database to this release's schema, as every process does that starts. Raises DatabaseTooNew too.

    The log tells of each second that the database is away.
    """
    settings = read_settings()
    configure_logs(settings.log_format, "warning")
    return await prepare_database(settings)


async def reseal_database() -> Resealed:
    """Seals every stored secret with the first key."""
    settings = read_settings()
    async with _opened(settings) as database, database.write() as session:
        return await reseal_secrets(session, make_vault(settings))


async def make_another_first_key() -> Path:
    """Where a new key of every scope was written; those that were made before stay."""
    settings = read_settings()
    async with _opened(settings) as database, database.write() as session:
        add_first_key(session, settings.api_key_file, datetime.now(UTC))
    return settings.api_key_file


@asynccontextmanager
async def _opened(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.effective_database_url)
    try:
        if problem := await schema_problem(database):
            raise DatabaseUnavailable(problem.detail)
        yield database
    finally:
        await database.close()
