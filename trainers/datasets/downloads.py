"""Fetches missing files, by one trial at a time: many start together, and they share the folder."""

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

Read = TypeVar("Read")

LOCK = ".download.lock"


def read_or_download(
    name: str, root: Path, read: Callable[[], Read], fetch: Callable[[], object], *, download: bool
) -> Read:
    """What `read` returns; where it raises ValueError and `download` is true, again after `fetch`.

    Raises ValueError, naming dataset and folder, if the files cannot be fetched.
    """
    try:
        return read()
    except ValueError:
        if not download:
            raise
    try:
        with one_at_a_time(root):
            fetch()
    except (OSError, RuntimeError) as error:
        raise ValueError(
            f"{name} cannot be downloaded into {root}: {error}; accepted: a folder that can be written on a machine "
            "that reaches the publisher, or the files put there by hand"
        ) from error
    return read()


@contextmanager
def one_at_a_time(root: Path) -> Iterator[None]:
    """Makes the folder, and waits until nobody else is in here with it."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
