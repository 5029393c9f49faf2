"""A whole supsweep on this machine for a test: its commands, its API, its processes. Nothing in it is a double."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psutil

from service.client.client import SupsweepClient
from service.embedded.home import Home
from service.embedded.up_file import read_up_file

Value = TypeVar("Value")
SUPSWEEP = str(Path(sys.executable).parent / "supsweep")


def wait_until(condition: Callable[[], Value], seconds: float, what: str) -> Value:
    """The condition's first true value. Fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what}"
        time.sleep(0.2)
    return value


class Machine:
    """One home folder and the `supsweep up` that runs on it."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = os.environ | {"SUPSWEEP_HOME": str(home)}
        self._up: subprocess.Popen[bytes] | None = None

    def run(self, *arguments: str, seconds: float = 300) -> subprocess.CompletedProcess[str]:
        """Runs a command to its end."""
        return subprocess.run(
            [SUPSWEEP, *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def up(self) -> None:
        """Starts `supsweep up` and waits until it is ready."""
        with (self.home.parent / "up.log").open("ab") as log:
            self._up = subprocess.Popen([SUPSWEEP, "up"], env=self.environment, stdout=log, stderr=log)
        wait_until(self._is_up, 300, "supsweep up")

    def kill_up(self) -> None:
        """Kills `supsweep up` itself, and waits until its watchdog has ended everything."""
        assert self._up is not None
        self._up.kill()
        self._up.wait()
        wait_until(lambda: not self.processes(), 120, "the watchdog")

    def end(self) -> None:
        """Ends `supsweep up` as Ctrl-C does."""
        if self._up is not None and self._up.poll() is None:
            self._up.send_signal(signal.SIGINT)
            self._up.wait(60)

    def client(self) -> SupsweepClient:
        """A client of the running service that waits out a restart."""
        running = read_up_file(Home(self.home).up_file)
        assert running is not None
        return SupsweepClient(running.api_url, (self.home / "api_key").read_text().strip(), patience_seconds=60)

    def processes(self, *words: str) -> Sequence[psutil.Process]:
        """Living processes of this home whose command line has all the words."""
        marked = [process for process in psutil.process_iter() if self._is_marked(process)]
        # Ray's workers write their titles over their environment; they are found below those that do not.
        ours = dict.fromkeys([*marked, *(child for process in marked for child in _descendants(process))])
        return [process for process in ours if _is_alive(process) and _has(process, words)]

    def kill(self, *words: str) -> None:
        """Kills one process -9, by its command line; waits for it to be there and to be gone."""
        victims = wait_until(lambda: self.processes(*words), 120, f"a process with {words}")
        # Ray starts a job through a shell with the same words: the newest is the program itself.
        victim = max(victims, key=lambda process: (process.create_time(), process.pid))
        victim.kill()
        psutil.wait_procs([victim], timeout=10)

    def _is_up(self) -> bool:
        assert self._up is not None
        assert self._up.poll() is None, (self.home.parent / "up.log").read_text()
        # A file that a killed one has left behind names another process.
        running = read_up_file(Home(self.home).up_file)
        return running is not None and running.pid == self._up.pid

    def _is_marked(self, process: psutil.Process) -> bool:
        try:
            return process.environ().get("SUPSWEEP_HOME") == str(self.home)
        except psutil.Error:
            return False


@contextmanager
def new_machine() -> Iterator[Machine]:
    """A home folder on which nothing runs yet, and the proof that nothing of it is left in the end."""
    # A short path: a socket's may not be longer than 107 characters.
    with tempfile.TemporaryDirectory(prefix="sw", dir="/tmp") as folder:
        machine = Machine(Path(folder) / "home")
        try:
            yield machine
        finally:
            machine.end()
        wait_until(lambda: not machine.processes(), 60, "every process to be gone")


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _has(process: psutil.Process, words: Sequence[str]) -> bool:
    try:
        line = " ".join(process.cmdline())
    except psutil.Error:
        return False
    return all(word in line for word in words)
