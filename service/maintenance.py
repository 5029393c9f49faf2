"""`supsweep secrets reseal` on the service's side: stored secrets sealed anew, with the settings of the environment."""

from service.db.database import Database
from service.db.migrations import schema_problem
from service.errors import DatabaseUnavailable
from service.main import make_vault
from service.operations.secrets import Resealed, reseal_secrets
from service.settings import read_settings


async def reseal_database() -> Resealed:
    """Seals every stored secret with the first key, all in one transaction, beside running processes if need be.

    Raises SettingsRefused, and DatabaseUnavailable for a database that is away or of another release.
    """
    settings = read_settings()
    database = Database(settings.effective_database_url)
    try:
        if problem := await schema_problem(database):
            raise DatabaseUnavailable(problem)
        async with database.write() as session:
            return await reseal_secrets(session, make_vault(settings))
    finally:
        await database.close()
