"""Files for their owner's eyes alone: keys, and where what runs on this machine is found."""

import os
from pathlib import Path


def write_private(file: Path, content: str) -> None:
    """Puts `content` in place of the file at once, readable by its owner alone. Makes its folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    new = file.with_suffix(".new")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(content)
    new.replace(file)
