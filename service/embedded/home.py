"""SUPSWEEP_HOME: the folder that holds all state of the one-machine default, locked by the `up` that runs on it."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.embedded.failures import CannotRun
from service.private_files import make_private_folder

LEAST_FREE_BYTES = 10**9
"""Checkpoints, MLflow's artifacts and logs of a small sweep, with room to spare."""


@dataclass(frozen=True)
class Home:
    """Paths below one home folder; all absolute."""

    folder: Path

    @property
    def logs(self) -> Path:
        """One log per child process."""
        return self.folder / "logs"

    @property
    def up_file(self) -> Path:
        """Where the running services are; there only while they run."""
        return self.folder / "up.json"

    @property
    def session_file(self) -> Path:
        """What is to be cleared away should `up` be killed."""
        return self.folder / "session.json"

    @property
    def mlflow(self) -> Path:
        """MLflow's database and artifacts."""
        return self.folder / "mlflow"


@contextmanager
def locked_home(folder: Path, *, least_free_bytes: int = LEAST_FREE_BYTES) -> Iterator[Home]:
    """The home, made if it is missing and held against any other `up`. Raises CannotRun."""
    home = Home(folder.absolute())
    try:
        for path in (home.folder, home.logs, home.mlflow):
            make_private_folder(path)
        lock = (home.folder / "up.lock").open("a+")
    except OSError as error:
        raise CannotRun(
            f"{home.folder} cannot be written ({error.strerror}): set SUPSWEEP_HOME to a folder of your own"
        ) from error
    with lock:
        _lock(lock.fileno(), home)
        _check_disk(home, least_free_bytes)
        yield home


def _lock(descriptor: int, home: Home) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 20, 0).decode().strip()
        raise CannotRun(
            f"supsweep already runs on {home.folder} (process {holder}): use it, end it with Ctrl-C, "
            "or set SUPSWEEP_HOME to another folder"
        ) from error
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"{os.getpid()}\n".encode())


def _check_disk(home: Home, least_free_bytes: int) -> None:
    free = shutil.disk_usage(home.folder).free
    if free < least_free_bytes:
        raise CannotRun(
            f"the disk of {home.folder} has {free / 1e9:.2f} GB free and {least_free_bytes / 1e9:.0f} GB is needed: "
            "free some space, or set SUPSWEEP_HOME to a folder on another disk"
        )
