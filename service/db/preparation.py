"""Makes a database ready for this release: waits for one that is away, and migrates it."""

import asyncio
import logging
import random
from dataclasses import dataclass

from service.db.database import Database
from service.db.migrations import revisions, upgrade
from service.errors import DatabaseRefuses, DatabaseUnavailable
from service.private_files import make_private_folder
from service.settings import Settings, SettingsRefused

RETRY_SECONDS = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Preparation:
    """Which schema was found, none in an empty database, and which there is now."""

    found: str | None
    now: str


async def prepare_database(settings: Settings) -> Preparation:
    """Brings the database to this release's schema; one that is away may be starting too and is waited for.

    Raises SettingsRefused, DatabaseUnavailable when the time for that is over, DatabaseRefuses and DatabaseTooNew.
    """
    if not settings.database_url:
        make_home(settings)
    database = Database(settings.effective_database_url)
    try:
        return Preparation(found=await _upgrade_patiently(database, settings.startup_seconds), now=revisions()[-1])
    finally:
        await database.close()


def make_home(settings: Settings) -> None:
    """Makes the folder that keys are in, and the ledger where no other database is named. Raises SettingsRefused."""
    try:
        make_private_folder(settings.home)
    except OSError as error:
        raise SettingsRefused(f"SUPSWEEP_HOME: its folder cannot be made ({error.strerror})") from error


async def _upgrade_patiently(database: Database, patience_seconds: float) -> str | None:
    deadline = asyncio.get_running_loop().time() + patience_seconds
    while True:
        try:
            return await upgrade(database)
        except DatabaseRefuses:
            raise
        except DatabaseUnavailable as error:
            if asyncio.get_running_loop().time() >= deadline:
                raise
            log.warning("waiting for the database", extra={"reason": error.detail})
            await asyncio.sleep(RETRY_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311  # jitter is no secret
