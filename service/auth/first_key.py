"""The key of whoever owns the service: in the home of its first start, for its owner's eyes alone."""

import logging
from datetime import datetime
from pathlib import Path

from service.auth.keys import check_key, make_key
from service.db import keys, locks
from service.db.database import Database, Session
from service.errors import Unauthenticated
from service.private_files import write_private
from service.schemas.keys import Scope

FIRST_OWNER = "admin"

log = logging.getLogger(__name__)


async def make_first_key(database: Database, file: Path, now: datetime) -> None:
    """Writes a key of every scope to `file` (mode 0600) where the database has no admin's key that works.

    So of several processes on one database, and of one whose home does not last, the first alone makes one.
    """
    async with database.write() as session:
        await locks.hold(session, "first key")
        if not any(Scope.ADMIN in key.scopes for key in await keys.working(session, now)):
            key_id = add_first_key(session, file, now)
            log.info("first key made", extra={"key": key_id, "file": str(file)})
        elif not await _works(session, _read(file), now):
            log.info(
                "no key in this home opens the service: ask whoever has an admin's key for one, or make another with "
                "`supsweep keys first`",
                extra={"file": str(file)},
            )


def add_first_key(session: Session, file: Path, now: datetime) -> str:
    """Id of a new key of every scope, which is written to `file`."""
    key = make_key(FIRST_OWNER, now)
    session.add(key.row)
    # The file first: a crash before the commit leaves a key that the next start replaces.
    write_private(file, key.text + "\n")
    return key.row.id


def _read(file: Path) -> str | None:
    return file.read_text(errors="replace").strip() if file.exists() else None


async def _works(session: Session, key: str | None, now: datetime) -> bool:
    try:
        await check_key(session, key, now)
    except Unauthenticated:
        return False
    return True
