"""Checkpoints of one trial in one folder: written whole or not at all, found again after a crash.

A checkpoint is insurance: a trial that cannot write one goes on, and one that cannot be read is answered by an older
one or by a new start. Only a checkpoint of something else is refused, for going on from it would be silently wrong.
"""

import logging
import re
import time
from collections.abc import Callable, Iterator
from pickle import UnpicklingError
from typing import Any

import torch

from trainers.folders import Folder

log = logging.getLogger(__name__)

NAME = re.compile(r"epoch-\d{6,}\.pt")
UNREADABLE = (OSError, RuntimeError, EOFError, UnpicklingError, KeyError, TypeError, ValueError)
"""What torch.load raises for a file that is absent, cut short or garbled, and reading its content for a stranger's."""
SLOW_SECONDS = 0.5
"""A slower write puts the next one off in proportion: with one in 5 seconds, a tenth of the time goes to writing."""


class Checkpoints:
    """Writes to and reads from `folder`. `fingerprint` says what is trained: configuration and images.

    A state is a dict of tensors and plain values. At most one is written every `every_seconds`; the newest and the
    one before it are kept.
    """

    def __init__(
        self,
        folder: Folder,
        fingerprint: str,
        every_seconds: float,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._fingerprint = fingerprint
        self._every_seconds = every_seconds
        self._now = now
        self._not_before = now() + every_seconds

    def is_due(self) -> bool:
        """Whether the last one, or the start, is long enough ago."""
        return self._now() >= self._not_before

    def write(self, epoch: int, state: dict[str, Any]) -> str | None:
        """The name of the written file within the folder; None, and a line in the log, if the storage refuses it."""
        name = f"epoch-{epoch:06d}.pt"
        started_at = self._now()
        try:
            self._folder.write(name, lambda file: torch.save({"fingerprint": self._fingerprint, "state": state}, file))
        except (OSError, RuntimeError):  # RuntimeError: how torch.save reports a full disk
            log.exception("checkpoint not written folder=%s name=%s; the trial goes on without it", self._folder, name)
            return None
        finally:
            self._put_off(started_at)
        self._delete_before_the_last_two(name)
        return name

    def load(self, name: str) -> dict[str, Any] | None:
        """The state in the named file, or in the newest readable one of the others; None if there is none.

        Raises ValueError for a readable checkpoint of another configuration or other images.
        """
        for candidate in self._candidates(name):
            try:
                with self._folder.open(candidate) as file:
                    content = torch.load(file, map_location="cpu", weights_only=True)
                fingerprint, state = content["fingerprint"], content["state"]
            except UNREADABLE as error:
                log.warning("checkpoint unreadable name=%s error=%s: %s", candidate, type(error).__name__, error)
                continue
            self._check_fingerprint(candidate, fingerprint)
            return dict(state)
        log.warning("no readable checkpoint folder=%s wanted=%s; the trial starts anew", self._folder, name)
        return None

    def _candidates(self, name: str) -> Iterator[str]:
        yield name
        try:
            others = self._names() - {name}
        except OSError as error:
            log.warning("no other checkpoint found folder=%s error=%s", self._folder, error)
            return
        yield from sorted(others, reverse=True)

    def _names(self) -> set[str]:
        return {name for name in self._folder.names() if NAME.fullmatch(name)}

    def _check_fingerprint(self, name: str, fingerprint: str) -> None:
        if fingerprint != self._fingerprint:
            raise ValueError(
                f"checkpoint {name} was written by another configuration or for other images: its fingerprint "
                f"is {fingerprint}, this trial's is {self._fingerprint}"
            )

    def _put_off(self, started_at: float) -> None:
        """The next write, for longer where this one was slow: a storage that is away costs its time-out each time."""
        ended_at = self._now()
        self._not_before = ended_at + self._every_seconds * max(1.0, (ended_at - started_at) / SLOW_SECONDS)

    def _delete_before_the_last_two(self, newest: str) -> None:
        """Files of later epochs are left: they are another attempt's, and will be written over."""
        try:
            for name in sorted(name for name in self._names() if name < newest)[:-1]:
                self._folder.delete(name)
        except OSError as error:
            log.warning("old checkpoints not deleted folder=%s error=%s", self._folder, error)
