"""Child processes that live and end together: started side by side, kept alive, ended with all they have started."""

import contextlib
import logging
import secrets
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from service.embedded.children import Child, ChildSpec
from service.embedded.failures import CannotRun
from service.embedded.home import Home
from service.embedded.session import Mark, end_members, members
from service.embedded.session_file import SessionRecord, clear_session, write_session
from service.embedded.signals import ignore_ending_signals
from service.embedded.watchdog import watched

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
END_GRACE_SECONDS = 8.0


class Stack:
    """Children of one session. A thread looks after them from the moment all are ready."""

    def __init__(self, children: Sequence[Child], session: str) -> None:
        self._children = children
        self._mark = Mark(session)
        self._is_over = threading.Event()
        self._failure: CannotRun | None = None
        self._thread = threading.Thread(target=self._look_after, name="stack", daemon=True)

    def start(self) -> None:
        """Starts every child and returns when all are ready. Raises CannotRun when one does not come up."""
        for child in self._children:
            child.start(time.monotonic())
        while not all(child.is_ready for child in self._children):
            self._look()
            time.sleep(LOOK_SECONDS)
        self._thread.start()

    def wait(self) -> None:
        """Blocks for as long as every child can be kept alive, then raises CannotRun."""
        self._is_over.wait()
        self.check()

    def check(self) -> None:
        """Raises CannotRun when a child could not be kept alive."""
        if self._failure is not None:
            raise self._failure

    def end(self) -> None:
        """Asks the children to end in reverse order, waits for them, then ends whatever they have left behind."""
        self._is_over.set()
        if self._thread.is_alive():
            self._thread.join()
        known = members(self._mark)
        for child in reversed(self._children):
            child.ask_to_end()
        for child in reversed(self._children):
            child.end(END_GRACE_SECONDS)
        end_members(self._mark, known=known)

    def _look_after(self) -> None:
        while not self._is_over.wait(LOOK_SECONDS):
            try:
                self._look()
            except CannotRun as failure:
                self._fail(failure)
            except Exception as error:  # whatever it is, nobody looks after the children from now on
                log.exception("the children can no longer be looked after")
                self._fail(CannotRun(f"the services can no longer be looked after: {type(error).__name__}: {error}"))

    def _fail(self, failure: CannotRun) -> None:
        self._failure = failure
        self._is_over.set()

    def _look(self) -> None:
        for child in self._children:
            child.look(time.monotonic())


@contextlib.contextmanager
def running_stack(home: Home, specs: Sequence[ChildSpec], temporary_folder: Path) -> Iterator[Stack]:
    """The children of the specs, all ready; nothing of them is left afterwards, whatever happens within.

    `temporary_folder` is removed with them.
    """
    record = SessionRecord(session=secrets.token_hex(8), temporary_folder=temporary_folder)
    write_session(home, record)
    with watched(record.session, temporary_folder, home.logs / "watchdog.log"):
        stack = Stack([Child(spec, record.session, home.logs / f"{spec.name}.log") for spec in specs], record.session)
        try:
            stack.start()
            yield stack
        finally:
            ignore_ending_signals()
            stack.end()
            clear_session(home, record)


def make_short_folder() -> Path:
    """A new folder for Unix sockets: their paths have at most 103 bytes, and Ray adds about 65 to its folder's."""
    return Path(tempfile.mkdtemp(prefix="sws", dir="/tmp" if Path("/tmp").is_dir() else None))  # noqa: S108
