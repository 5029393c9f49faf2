"""The tracking store of tests in a file, so that it outlives the service that writes it."""

import fcntl
import pickle
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from fakes.tracking import FakeTrackingStore, ShownRun

from service.tracking.protocol import TrackingUnavailable


class FileTrackingStore(FakeTrackingStore):
    """Every call is carried out on what the file holds, by one process at a time."""

    def __init__(self, file: Path, is_away: Path) -> None:
        super().__init__()
        self._path = file
        self._is_away = is_away
        self._mine = threading.RLock()
        self._depth = 0
        for name in dir(FakeTrackingStore):
            if not name.startswith("_") and callable(getattr(self, name)):
                setattr(self, name, self._kept(getattr(self, name)))

    def _make(self, run: ShownRun, tags: Mapping[str, str]) -> str:
        """As the fake, with an id that no other process gives."""
        run.tags |= tags
        run_id = uuid4().hex
        self.runs[run_id] = run
        return run_id

    def _kept(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def kept(*arguments: Any, **named: Any) -> Any:
            if self._is_away.exists():
                raise TrackingUnavailable("it is away")
            with self._opened():
                return call(*arguments, **named)

        return kept

    @contextmanager
    def _opened(self) -> Iterator[None]:
        """The file read before the body and written after it; calls of calls see it open."""
        with self._mine, self._path.with_suffix(".lock").open("a") as lock:
            if self._depth == 0:
                fcntl.flock(lock, fcntl.LOCK_EX)
                self.runs = read_runs(self._path)
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            if self._depth == 0:
                write_runs(self._path, self.runs)


@contextmanager
def held(file: Path) -> Iterator[None]:
    """Nobody is answered while the body runs."""
    with file.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write_runs(file: Path, runs: Mapping[str, ShownRun]) -> None:
    """Makes these what is shown."""
    temporary = file.with_suffix(".new")
    temporary.write_bytes(pickle.dumps(dict(runs)))
    temporary.replace(file)


def read_runs(file: Path) -> dict[str, ShownRun]:
    """What is shown, by run id."""
    return pickle.loads(file.read_bytes()) if file.exists() else {}
