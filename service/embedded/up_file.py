"""up.json: where the running services are. The CLI reads it; it holds no secret but is its owner's alone."""

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


def read_up_file(file: Path) -> UpFile | None:
    """What the file tells; none when nothing runs, or a broken file was left behind."""
    try:
        return UpFile.model_validate_json(file.read_text())
    except (FileNotFoundError, ValidationError):
        return None
