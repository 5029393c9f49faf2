"""The key of whoever owns the home folder: stored there for its owner's eyes alone, and made whenever none is."""

from datetime import datetime
from pathlib import Path

from service.auth.keys import check_key, make_key
from service.db.database import Database, Session
from service.errors import Unauthenticated
from service.private_files import write_private

FIRST_OWNER = "admin"


async def make_first_key(database: Database, file: Path, now: datetime) -> None:
    """Makes a key and writes it to `file` (mode 0600) unless the one that is there works."""
    async with database.write() as session:
        if await _works(session, _read(file), now):
            return
        key = make_key(FIRST_OWNER, now)
        session.add(key.row)
        # The file first: a crash before the commit leaves a key that the next start replaces.
        write_private(file, key.text + "\n")


def _read(file: Path) -> str | None:
    return file.read_text(errors="replace").strip() if file.exists() else None


async def _works(session: Session, key: str | None, now: datetime) -> bool:
    try:
        await check_key(session, key, now)
    except Unauthenticated:
        return False
    return True
