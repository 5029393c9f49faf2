"""The key made at the first start: stored in the home folder for its owner's eyes alone."""

import os
from datetime import datetime
from pathlib import Path

from service.auth.keys import make_key
from service.db import keys
from service.db.database import Database

FIRST_OWNER = "admin"


async def make_first_key(database: Database, file: Path, now: datetime) -> None:
    """Makes a key and writes it to `file` (mode 0600) unless the database has one already."""
    async with database.write() as session:
        if await keys.count(session):
            return
        key = make_key(FIRST_OWNER, now)
        session.add(key.row)
        # The file first: a crash before the commit leaves a key that the next start replaces.
        _write_secret(file, key.text)


def _write_secret(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text + "\n")
    new.replace(file)
