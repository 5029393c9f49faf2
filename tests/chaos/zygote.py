"""Forks services out of a parent that has imported everything: a start takes a tenth of a second, not three.

Run as `python -m chaos.zygote`: every line of its input is an order, every line of its output a pid. When its
input ends it kills what it has started and ends.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

GRACEFUL_SECONDS = 1


class Zygote:
    """The tests' side of the forking parent."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        tests = Path(__file__).parents[1]
        path = os.pathsep.join([str(tests), str(tests.parent), os.environ.get("PYTHONPATH", "")])
        # One thread per process: there are many of them, and threads do not survive a fork.
        environment = os.environ | {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "chaos.zygote"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start_service(self, port: int, environment: Mapping[str, str], log: Path) -> int:
        """Pid of a new service that will listen on the port."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"port": port, "environment": dict(environment), "log": str(log)}
        with self._lock:
            self._process.stdin.write(json.dumps(order) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())

    def end(self) -> None:
        """Kills everything that was started here."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)


def main() -> None:
    """Serves orders until there are no more."""
    import optuna  # noqa: F401, PLC0415  # what services import when they first need it
    from chaos.crashing_service import make_routes  # noqa: PLC0415

    import service.serve  # noqa: F401, PLC0415

    make_routes()
    # Whoever waits for a service watches its pid: nobody is told how a child of ours has ended.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    started: list[int] = []
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _serve(order)
        started.append(pid)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    for pid in started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _serve(order: dict[str, Any]) -> None:
    """Becomes a service; never returns."""
    import uvicorn  # noqa: PLC0415
    from chaos.crashing_service import create_app  # noqa: PLC0415

    from service.serve import Server  # noqa: PLC0415

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(descriptor, target)
    os.environ.update(order["environment"])
    try:
        app = create_app()
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=order["port"],
            access_log=False,
            timeout_graceful_shutdown=GRACEFUL_SECONDS,
        )
        Server(config, app.state.parts.loops).run()
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
