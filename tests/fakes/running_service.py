"""The real service in a thread: its API over HTTP, its reconciler, SQLite; its one cluster is a fake."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from fakes.clusters import FakeClusterClient
from fastapi import FastAPI

from service.main import build_app
from service.serve import Server
from service.settings import ClusterSettings, Settings

START_SECONDS = 30.0


@dataclass(frozen=True)
class RunningService:
    """Where it is, and the key that opens it."""

    url: str
    api_key: str
    app: FastAPI


@contextmanager
def running_service(home: Path, **changes: Any) -> Iterator[RunningService]:
    """The service on that home, with changes to the settings."""
    local = ClusterSettings(address="http://127.0.0.1:1")
    settings = Settings(**{"home": home, "reconcile_seconds": 0.05, "clusters": {"local": local}, **changes})
    app = build_app(settings, {"local": FakeClusterClient()})
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error", timeout_graceful_shutdown=3)
    server = Server(config, app.state.parts.loops)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield RunningService(f"http://127.0.0.1:{_port(server)}", settings.api_key_file.read_text().strip(), app)
    finally:
        server.should_exit = True
        thread.join()


def _port(server: Server) -> int:
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        assert time.monotonic() < deadline, "the service did not start"
        time.sleep(0.01)
    port: int = server.servers[0].sockets[0].getsockname()[1]
    return port
