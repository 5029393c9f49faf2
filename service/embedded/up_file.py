"""up.json: where the running services are. The CLI reads it; it holds no secret but is its owner's alone."""

import os
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError


class UpFile(BaseModel):
    """What one running `supsweep up` offers."""

    pid: int
    api_url: str
    mlflow_url: str
    ray_url: str
    started_at: datetime


def write_private(file: Path, content: str) -> None:
    """Puts `content` in place of the file at once, readable by its owner alone."""
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(content)
    new.replace(file)


def read_up_file(file: Path) -> UpFile | None:
    """What the file tells; none when nothing runs, or a broken file was left behind."""
    try:
        return UpFile.model_validate_json(file.read_text())
    except (FileNotFoundError, ValidationError):
        return None
