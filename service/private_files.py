"""Files for their owner's eyes alone: keys, and where what runs on this machine is found."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_private(file: Path, content: str) -> None:
    """Puts `content` in place of the file at once, readable by its owner alone. Makes its folder."""
    with _written_beside(file, content) as new:
        new.replace(file)


def create_private(file: Path, content: str) -> None:
    """The same, unless the file is there: of several that come at once, one's content stays. Makes its folder."""
    with _written_beside(file, content) as new, contextlib.suppress(FileExistsError):
        file.hardlink_to(new)


def make_private_folder(folder: Path) -> None:
    """Makes the folder, if it is missing, for its owner alone, with those above it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


@contextmanager
def _written_beside(file: Path, content: str) -> Iterator[Path]:
    """A file of another name in the same folder, for as long as nobody has moved it."""
    make_private_folder(file.parent)
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)  # made with mode 0600
    new = Path(name)
    try:
        with os.fdopen(descriptor, "w") as stream:
            stream.write(content)
        yield new
    finally:
        new.unlink(missing_ok=True)
