"""`python -m service.serve` as a real process, started with whatever settings a test gives it."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from service.embedded.ports import free_ports

START_SECONDS = 120.0
"""The imports alone take 5 s on an idle core."""


class Serving:
    """One process, its log, and where it listens."""

    def __init__(self, home: Path, port: int | None = None, **settings: str) -> None:
        self.port = port or free_ports(1)[0]
        self.url = f"http://127.0.0.1:{self.port}"
        self._home = home
        self._log = home.parent / f"serve-{secrets.token_hex(4)}.log"
        environment = {"SUPSWEEP_HOME": str(home), "SUPSWEEP_LOG_FORMAT": "json"}
        environment |= {f"SUPSWEEP_{name.upper()}": value for name, value in settings.items()}
        command = [sys.executable, "-m", "service.serve", "--port", str(self.port)]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, env=os.environ | environment, stdout=log, stderr=log)

    @property
    def log(self) -> str:
        """Everything it has printed."""
        return self._log.read_text()

    @property
    def headers(self) -> dict[str, str]:
        """Headers with its first key."""
        return {"Authorization": f"Bearer {(self._home / 'api_key').read_text().strip()}"}

    def wait_until_ready(self) -> None:
        """Waits until it says that it is ready."""
        deadline = time.monotonic() + START_SECONDS
        while not self._is_ready():
            assert self.process.poll() is None, self.log
            assert time.monotonic() < deadline, self.log
            time.sleep(0.05)

    def stop(self) -> tuple[int, float]:
        """Sends SIGTERM; the exit code, and how many seconds it took."""
        began_at = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60), time.monotonic() - began_at

    def _is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/readyz").is_success
        except httpx.TransportError:
            return False


@contextmanager
def serving(home: Path, **settings: str) -> Iterator[Serving]:
    """A process that is ready; killed at the end if it has not been stopped."""
    with serving_together(Serving(home, **settings)) as (one,):
        yield one


@contextmanager
def serving_together(*services: Serving) -> Iterator[tuple[Serving, ...]]:
    """Processes that have been started at once, all ready; killed at the end if they have not been stopped."""
    try:
        for one in services:
            one.wait_until_ready()
        yield services
    finally:
        for one in services:
            one.process.kill()
            one.process.wait()
