"""Ends a session whose `supsweep up` was killed: a process that only waits for a pipe to close.

The pipe's other end is held by `up` alone, so the kernel closes it however `up` ends.
"""

import argparse
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from service.embedded.session import Mark, end_members

GRACE_SECONDS = 3.0
END_SECONDS = 30.0


@contextmanager
def watched(session: str, temporary_folder: Path, log: Path) -> Iterator[None]:
    """While this process lives and is within, the session may run; the moment it is not, the session is ended."""
    command = [sys.executable, "-m", "service.embedded.watchdog", session, str(temporary_folder)]
    with log.open("wb") as stream:
        watchdog = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=stream, stderr=stream, start_new_session=True
        )
    assert watchdog.stdin is not None
    try:
        yield
    finally:
        watchdog.stdin.close()
        watchdog.wait(timeout=END_SECONDS)


def main() -> None:
    """Waits, then ends the session and removes its folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("session")
    parser.add_argument("temporary_folder", type=Path)
    arguments = parser.parse_args()
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    sys.stdin.buffer.read()
    end_members(Mark(arguments.session), grace_seconds=GRACE_SECONDS)
    shutil.rmtree(arguments.temporary_folder, ignore_errors=True)


if __name__ == "__main__":
    main()
