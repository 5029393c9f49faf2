"""Stand-in children: tiny servers that start at once, and ways to see what is left of them."""

import secrets
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from service.embedded.children import ChildSpec
from service.embedded.home import Home
from service.embedded.ports import free_ports
from service.embedded.session import Mark, end_members
from service.embedded.signals import ENDING_SIGNALS

SERVE = """
import http.server, sys
class Healthy(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *arguments): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Healthy).serve_forever()
"""

SERVE_WITH_A_DAEMON = (
    """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        import signal
        for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP): signal.signal(one, signal.SIG_IGN)
        time.sleep(600)
    os._exit(0)
os.wait()
"""
    + SERVE
)

MakeSpec = Callable[..., ChildSpec]


@pytest.fixture
def session() -> Iterator[str]:
    """Name of a session of which nothing is left after the test, even when it fails."""
    name = secrets.token_hex(8)
    yield name
    end_members(Mark(name))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.logs.mkdir(parents=True)
    return home


@pytest.fixture
def make_spec() -> MakeSpec:
    """Makes a spec of a stand-in: `script` is Python, given the port as its first argument."""

    def make(name: str = "stand-in", script: str = SERVE, ready_seconds: float = 30.0) -> ChildSpec:
        (port,) = free_ports(1)
        return ChildSpec(
            name=name,
            title=f"the {name}",
            command=[sys.executable, "-c", textwrap.dedent(script), str(port)],
            environment={},
            health_url=f"http://127.0.0.1:{port}/",
            ready_seconds=ready_seconds,
        )

    return make


@pytest.fixture
def eventually() -> Callable[[Callable[[], object], str], None]:
    """Waits until something is true; fails after a deadline that only a broken program reaches."""

    def wait(is_so: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + 30
        while not is_so():
            assert time.monotonic() < deadline, f"not within 30 seconds: {what}"
            time.sleep(0.02)

    return wait


@pytest.fixture
def start_marked() -> Callable[[str, str], "subprocess.Popen[bytes]"]:
    """Starts a Python script as a marked child in a process session of its own."""

    def start(session: str, script: str) -> "subprocess.Popen[bytes]":
        environment = psutil.Process().environ() | Mark(session).environment()
        command = [sys.executable, "-c", textwrap.dedent(script)]
        return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, start_new_session=True)

    return start


@pytest.fixture
def serve_with_a_daemon() -> str:
    """A stand-in that leaves a stubborn grandchild behind, detached from it in every way."""
    return SERVE_WITH_A_DAEMON


@pytest.fixture(autouse=True)
def _ending_signals() -> Iterator[None]:
    """The end of a stack ignores the ending signals from then on; the test run does not."""
    handlers = {number: signal.getsignal(number) for number in ENDING_SIGNALS}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)
