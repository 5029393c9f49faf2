"""The tracking store of tests in a file, so that it outlives the service that writes it."""

import fcntl
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fakes.tracking import FakeTrackingStore, ShownRun


class FileTrackingStore(FakeTrackingStore):
    """Every call is carried out on what the file holds, by one process at a time."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self._path = file
        for name in dir(FakeTrackingStore):
            if not name.startswith("_") and callable(getattr(self, name)):
                setattr(self, name, self._kept(getattr(self, name)))

    def _kept(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def kept(*arguments: Any, **named: Any) -> Any:
            with self._path.with_suffix(".lock").open("a") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self.runs = read_runs(self._path)
                answer = call(*arguments, **named)
                temporary = self._path.with_suffix(".new")
                temporary.write_bytes(pickle.dumps(self.runs))
                temporary.replace(self._path)
                return answer

        return kept


def read_runs(file: Path) -> dict[str, ShownRun]:
    """What is shown."""
    return pickle.loads(file.read_bytes()) if file.exists() else {}
