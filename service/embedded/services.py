"""What `supsweep up` runs: a Ray head, an MLflow server and the API on one home."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from service.embedded.api_server import api_server, check_database
from service.embedded.home import locked_home
from service.embedded.installation import check_installed
from service.embedded.mlflow_server import mlflow_server
from service.embedded.ports import LOOPBACK, check_port, free_ports
from service.embedded.ray_head import keep_runner_logs, ray_head
from service.embedded.session_file import clear_stale_session
from service.embedded.stack import Stack, make_short_folder, running_stack
from service.embedded.up_file import UpFile
from service.private_files import write_private

STALE_GRACE_SECONDS = 3.0


@dataclass(frozen=True)
class Services:
    """The running services."""

    urls: UpFile
    stack: Stack


@contextmanager
def running_services(folder: Path, *, port: int | None, cpus: int | None) -> Iterator[Services]:
    """The services on the home `folder`, all ready. Raises CannotRun.

    `port`: of the API; none takes a free one. `cpus`: what trials may use; none gives them every core.
    """
    check_installed()
    with locked_home(folder) as home:
        clear_stale_session(home, grace_seconds=STALE_GRACE_SECONDS)
        if port is not None:
            check_port(port)
        check_database(home)
        ray_port, mlflow_port, free_port = free_ports(3)
        token = secrets.token_hex(32)
        urls = UpFile(
            pid=os.getpid(),
            api_url=f"http://{LOOPBACK}:{port or free_port}",
            mlflow_url=f"http://{LOOPBACK}:{mlflow_port}",
            ray_url=f"http://{LOOPBACK}:{ray_port}",
            started_at=datetime.now(UTC),
        )

        temporary_folder = make_short_folder()
        specs = [
            ray_head(token, ray_port, temporary_folder, cpus),
            mlflow_server(home, mlflow_port),
            api_server(home, port or free_port, urls.ray_url, token, urls.mlflow_url),
        ]
        with running_stack(home, specs, temporary_folder) as stack:
            write_private(home.up_file, urls.model_dump_json())
            try:
                yield Services(urls, stack)
            finally:
                keep_runner_logs(temporary_folder, home.logs)
