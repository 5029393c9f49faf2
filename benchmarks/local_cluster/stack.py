"""The stack of docker-compose.yml under a project name and ports of its own, so that one that runs is left alone."""

import os
import secrets
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.client.client import SupsweepClient
from service.embedded.ports import free_ports

ROOT = Path(__file__).parents[2]
PORTS = ("API_PORTS", "MLFLOW_PORT", "RAY_PORT", "PROMETHEUS_PORT", "GRAFANA_PORT")
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Stack:
    """A running stack."""

    project: str
    environment: dict[str, str]
    profiles: Sequence[str]

    def compose(self, *arguments: str) -> str:
        """What `docker compose` prints. Raises CalledProcessError."""
        profiles = [option for name in self.profiles for option in ("--profile", name)]
        command = ["docker", "compose", "--project-name", self.project, *profiles, *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, check=True, stdout=subprocess.PIPE, text=True
        ).stdout

    def supsweep(self, *arguments: str) -> str:
        """What the command prints beside the API."""
        return self.compose("exec", "-T", "api", "supsweep", *arguments)

    def client(self) -> SupsweepClient:
        """The admin's client, which waits out what dies."""
        key = self.compose("exec", "-T", "api", "cat", "/var/lib/supsweep/api_key").strip()
        return SupsweepClient(
            f"http://127.0.0.1:{self.environment['API_PORTS']}", key, patience_seconds=PATIENCE_SECONDS
        )


@contextmanager
def running_stack(*options: str, profiles: Sequence[str] = (), **environment: str) -> Iterator[Stack]:
    """Up and healthy within the block, and gone with all its volumes after it. `options` are those of `up`."""
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    project = f"supsweep-{secrets.token_hex(3)}"
    stack = Stack(project, {**os.environ, **ports, **environment}, profiles)
    try:
        stack.compose("up", "--detach", "--wait", *options)
        yield stack
    finally:
        stack.compose("down", "--volumes", "--remove-orphans")


def wait_until(condition: Callable[[], bool], what: str, seconds: float) -> None:
    """Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(1)
