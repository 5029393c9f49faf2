"""A real S3 server: moto's, on the loopback interface."""

import logging
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from search_spaces.locations import CONNECT_SECONDS

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "ada", "AWS_SECRET_ACCESS_KEY": "the-key-to-the-bucket"}


class S3Server:
    """One bucket at a time, made anew by `make_bucket`. What lies in it is this process's, so it outlives a stop."""

    def __init__(self) -> None:
        # Bound for good and never listening: whoever calls while the server is away is refused, nobody else gets the
        # port, and the server may listen beside it.
        self._place = socket.socket()
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._place.bind(("127.0.0.1", 0))
        self.port = self._place.getsockname()[1]
        self.bucket = ""
        self._server: Any = None

    def start(self) -> None:
        """Answers, again if need be."""
        from moto.server import ThreadedMotoServer  # noqa: PLC0415  # two seconds, which few tests need

        if self._server is None:
            logging.getLogger("werkzeug").setLevel(logging.ERROR)
            self._server = ThreadedMotoServer("127.0.0.1", self.port, verbose=False)
            self._server.start()

    def stop(self) -> None:
        """Whoever calls is refused."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def close(self) -> None:
        """Stops for good."""
        self.stop()
        self._place.close()

    def make_bucket(self) -> None:
        """A new and empty bucket takes the place of the one before."""
        self.bucket = f"bucket-{os.urandom(6).hex()}"
        httpx.put(f"http://127.0.0.1:{self.port}/{self.bucket}").raise_for_status()

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """For as long, nobody's credentials are good."""
        self._allow_without_credentials(0)
        try:
            yield
        finally:
            self._allow_without_credentials(10**9)

    def _allow_without_credentials(self, calls: int) -> None:
        address = f"http://127.0.0.1:{self.port}/moto-api/reset-auth"
        httpx.post(address, content=str(calls).encode()).raise_for_status()

    @property
    def options(self) -> str:
        """What of a URL says how the server is reached."""
        return f"?endpoint_override=127.0.0.1:{self.port}&scheme=http&region=us-east-1"

    def url(self, prefix: str = "") -> str:
        """The URL of the prefix in the bucket."""
        return f"s3://{self.bucket}{prefix and '/'}{prefix}{self.options}"

    def put(self, files: Mapping[str, bytes]) -> None:
        """Writes objects by their keys."""
        for key, content in files.items():
            with self._store.open_output_stream(f"{self.bucket}/{key}") as stream:
                stream.write(content)

    def delete(self, key: str) -> None:
        """Deletes one object."""
        self._store.delete_file(f"{self.bucket}/{key}")

    def keys(self) -> list[str]:
        """Of all objects in the bucket, but for those that stand for folders."""
        from pyarrow.fs import FileSelector  # noqa: PLC0415

        found = self._store.get_file_info(FileSelector(self.bucket, recursive=True))
        return sorted(one.path.partition("/")[2] for one in found if one.is_file)

    @property
    def _store(self) -> Any:
        from pyarrow.fs import S3FileSystem  # noqa: PLC0415

        return S3FileSystem(
            endpoint_override=f"127.0.0.1:{self.port}",
            scheme="http",
            region="us-east-1",
            connect_timeout=CONNECT_SECONDS,
            allow_delayed_open=True,
            access_key=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            secret_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )
