"""One process of the service, from the environment: `python -m service.serve --host 127.0.0.1 --port 8000`.

It waits for its database, serves, and stops in good order: on SIGTERM nothing new is accepted, event streams end at
once, requests and loops finish what they are at, claims are given back. What cannot start says why in one sentence.
"""

import argparse
import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from types import FrameType
from typing import Any

import uvicorn

from service.api.guards.heads import MOST_HEAD_BYTES
from service.db.preparation import make_home, prepare_database
from service.errors import SweepServiceError
from service.logs import configure_logs, without_secrets
from service.loops import Loops
from service.main import build_app
from service.settings import Settings, SettingsRefused, read_settings

REQUESTS_SECONDS = 3
"""How long a stopping process lets requests finish; the loops have theirs after that."""
STOP_SECONDS = 10.0
"""A process that has not stopped by then is ended: it may be killed at any moment anyway."""

log = logging.getLogger(__name__)


def main() -> int:
    """Serves until SIGTERM or SIGINT; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m service.serve", description="One process of the service.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: this machine alone)")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    return serve(options.host, options.port)


def serve(host: str, port: int, **settings: Any) -> int:
    """Serves until SIGTERM or SIGINT, with these settings over those of the environment; the exit code."""
    try:
        return _serve(read_settings(**settings), host, port)
    except (SettingsRefused, SweepServiceError) as error:
        # A sentence for people, not a log.
        print(f"supsweep cannot start: {without_secrets(str(error))}", file=sys.stderr)  # noqa: T201
        return 1


def _serve(settings: Settings, host: str, port: int) -> int:
    configure_logs(settings.log_format, settings.log_level)
    for one in (signal.SIGTERM, signal.SIGINT):
        # Before uvicorn handles them, and when it raises them again after it has stopped in good order.
        signal.signal(one, lambda _number, _frame: sys.exit(0))
    make_home(settings)
    asyncio.run(prepare_database(settings))
    app = build_app(settings)
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        # httptools, which uvicorn would prefer, has no bound for heads that never end.
        http="h11",
        h11_max_incomplete_event_size=MOST_HEAD_BYTES,
        server_header=False,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=REQUESTS_SECONDS,
    )
    Server(config, app.state.parts.loops).run()
    return 0


class Server(uvicorn.Server):
    """Tells the loops and the event streams at once when the process is to stop, and keeps to its time."""

    def __init__(self, config: uvicorn.Config, loops: Loops) -> None:
        super().__init__(config)
        self._loops = loops

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The process is to stop."""
        watchdog = threading.Timer(STOP_SECONDS, _end)
        watchdog.daemon = True
        watchdog.start()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stops in good order."""
        self._loops.stopping.set()
        await super().shutdown(sockets)


def _end() -> None:
    log.warning("not stopped in time, ended: what is left is done by the next process")
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
