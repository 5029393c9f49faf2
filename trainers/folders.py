"""The folder of one trial, on a disk or in a bucket: its files are written whole or not at all."""

import io
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol

Save = Callable[[IO[bytes]], object]
"""Writes the content of one file into what it is given."""


class Folder(Protocol):
    """Files by name. Every method raises OSError where the storage is away or refuses."""

    def write(self, name: str, save: Save) -> None:
        """A reader, or a crash at any moment, finds the old file or the new one, never a part.

        What `save` raises passes, and leaves the old one.
        """

    def open(self, name: str) -> IO[bytes]:
        """The file, to be read and closed. Raises FileNotFoundError if there is none."""

    def names(self) -> list[str]:
        """Of all files, in no order; none where the folder was never written to."""

    def delete(self, name: str) -> None:
        """Deletes the file if there is one."""


class LocalFolder:
    """A folder on a disk, made with its first file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    def write(self, name: str, save: Save) -> None:
        self._path.mkdir(parents=True, exist_ok=True)
        descriptor, temporary_name = tempfile.mkstemp(dir=self._path, prefix="writing-", suffix=".tmp")
        temporary = Path(temporary_name)
        try:
            with os.fdopen(descriptor, "wb") as file:
                save(file)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path / name)
        finally:
            temporary.unlink(missing_ok=True)
        self._sync()

    def open(self, name: str) -> IO[bytes]:
        return (self._path / name).open("rb")

    def names(self) -> list[str]:
        return [path.name for path in self._path.glob("*") if path.is_file()]

    def delete(self, name: str) -> None:
        (self._path / name).unlink(missing_ok=True)

    def _sync(self) -> None:
        """A new name is on the disk only once its folder is."""
        descriptor = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class BucketFolder:
    """A prefix, `bucket/prefix`, of the buckets in `store`, a pyarrow FileSystem."""

    def __init__(self, store: Any, path: str) -> None:
        self._store = store
        self._path = path

    def __str__(self) -> str:
        return f"s3://{self._path}"

    def write(self, name: str, save: Save) -> None:
        # Whole before it is sent: a store shows an object when its upload is complete, and never a part.
        content = io.BytesIO()
        save(content)
        with self._store.open_output_stream(f"{self._path}/{name}") as stream:
            stream.write(content.getbuffer())

    def open(self, name: str) -> IO[bytes]:
        with self._store.open_input_stream(f"{self._path}/{name}") as stream:
            return io.BytesIO(stream.read())

    def names(self) -> list[str]:
        from pyarrow.fs import FileSelector  # noqa: PLC0415

        found = self._store.get_file_info(FileSelector(self._path, allow_not_found=True))
        return [one.base_name for one in found if one.is_file]

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError):
            self._store.delete_file(f"{self._path}/{name}")
