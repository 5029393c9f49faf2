"""Checkpoints of one trial in one folder: written whole or not at all, found again after a crash.

A checkpoint is insurance: a trial that cannot write one goes on, and one that cannot be read is answered by an older
one or by a new start. Only a checkpoint of something else is refused, for going on from it would be silently wrong.
"""

import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch

log = logging.getLogger(__name__)

PATTERN = "epoch-*.pt"
UNREADABLE = (OSError, RuntimeError, EOFError, UnpicklingError, KeyError, TypeError, ValueError)
"""What torch.load raises for a file that is absent, cut short or garbled, and reading its content for a stranger's."""


class Checkpoints:
    """Writes to and reads from `folder`. `fingerprint` says what is trained: configuration and images.

    A state is a dict of tensors and plain values. At most one is written every `every_seconds`; the newest and the
    one before it are kept.
    """

    def __init__(
        self,
        folder: Path,
        fingerprint: str,
        every_seconds: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._fingerprint = fingerprint
        self._every_seconds = every_seconds
        self._now = now
        self._last_write = now()

    def is_due(self) -> bool:
        """Whether the last one, or the start, is long enough ago."""
        return self._now() - self._last_write >= self._every_seconds

    def write(self, epoch: int, state: dict[str, Any]) -> str | None:
        """The name of the written file within the folder; None, and a line in the log, if the disk refuses it."""
        path = self._folder / f"epoch-{epoch:06d}.pt"
        try:
            _write_atomically(path, {"fingerprint": self._fingerprint, "state": state})
        except (OSError, RuntimeError):  # RuntimeError: how torch.save reports a full disk
            log.exception("checkpoint not written path=%s; the trial goes on without it", path)
            return None
        self._last_write = self._now()
        self._delete_before_the_last_two(path)
        return path.name

    def load(self, name: str) -> dict[str, Any] | None:
        """The state in the named file, or in the newest readable one of the others; None if there is none.

        Raises ValueError for a readable checkpoint of another configuration or other images.
        """
        for path in self._candidates(name):
            try:
                content = torch.load(path, map_location="cpu", weights_only=True)
                fingerprint, state = content["fingerprint"], content["state"]
            except UNREADABLE as error:
                log.warning("checkpoint unreadable path=%s error=%s: %s", path, type(error).__name__, error)
                continue
            self._check_fingerprint(path, fingerprint)
            return dict(state)
        log.warning("no readable checkpoint folder=%s wanted=%s; the trial starts anew", self._folder, name)
        return None

    def _candidates(self, name: str) -> Iterator[Path]:
        yield self._folder / name
        others = {path for path in self._folder.glob(PATTERN) if path.name != name}
        yield from sorted(others, reverse=True)

    def _check_fingerprint(self, path: Path, fingerprint: str) -> None:
        if fingerprint != self._fingerprint:
            raise ValueError(
                f"checkpoint {path.name} was written by another configuration or for other images: its fingerprint "
                f"is {fingerprint}, this trial's is {self._fingerprint}"
            )

    def _delete_before_the_last_two(self, newest: Path) -> None:
        """Files of later epochs are left: they are another attempt's, and will be written over."""
        for path in sorted(path for path in self._folder.glob(PATTERN) if path < newest)[:-1]:
            path.unlink(missing_ok=True)


def _write_atomically(path: Path, content: dict[str, Any]) -> None:
    """A reader, or a crash at any moment, finds the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary_name = tempfile.mkstemp(dir=path.parent, prefix="writing-", suffix=".tmp")
    temporary = Path(temporary_name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """The new name is on the disk only once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
