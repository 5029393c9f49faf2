"""session.json: what an `up` has started, written before it starts, for whoever must clear it away after a crash."""

import shutil
from pathlib import Path

from pydantic import BaseModel, ValidationError

from service.embedded.home import Home
from service.embedded.session import Mark, end_members
from service.private_files import write_private


class SessionRecord(BaseModel):
    """One session: the mark of its processes, and its folder outside the home."""

    session: str
    temporary_folder: Path


def write_session(home: Home, record: SessionRecord) -> None:
    """Records the session that is about to start."""
    write_private(home.session_file, record.model_dump_json())


def clear_stale_session(home: Home, *, grace_seconds: float) -> None:
    """Ends what a killed `up` has left running on this home, if anything. The home must be locked."""
    try:
        record = SessionRecord.model_validate_json(home.session_file.read_text())
    except (FileNotFoundError, ValidationError):
        return
    end_members(Mark(record.session), grace_seconds=grace_seconds)
    clear_session(home, record)


def clear_session(home: Home, record: SessionRecord) -> None:
    """Forgets a session whose processes have ended."""
    shutil.rmtree(record.temporary_folder, ignore_errors=True)
    home.up_file.unlink(missing_ok=True)
    home.session_file.unlink(missing_ok=True)
