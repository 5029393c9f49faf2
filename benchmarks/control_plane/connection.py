"""One HTTP connection that is kept open, with next to no cost of its own: the clients share the machine's cores."""

import asyncio
import json
from types import TracebackType
from typing import Any, Self


class Connection:
    """A connection to the service that speaks with one bearer token."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**24)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()

    async def call(self, method: str, path: str, body: object = None) -> Any:
        """The decoded answer; anything but a 2xx fails the benchmark."""
        content = b"" if body is None else json.dumps(body).encode()
        self._send(method, path, "application/json", content)
        await self._writer.drain()
        status, length = await self._head()
        answer = json.loads(await self._reader.readexactly(length)) if length else None
        assert 200 <= status < 300, f"{method} {path}: {status} {answer}"
        return answer

    async def follow(self, path: str) -> list[int]:
        """The ids of every event of a stream, in the order they came, until it ends."""
        self._send("GET", path, "text/event-stream", b"")
        status, _length = await self._head()
        assert status == 200, f"{path}: {status}"
        ids: list[int] = []
        while line := await self._reader.readline():
            if line.startswith(b"id:"):
                ids.append(int(line[3:]))
            elif line == b"0\r\n":
                break
        return ids

    def _send(self, method: str, path: str, accept: str, content: bytes) -> None:
        head = f"{method} {path} HTTP/1.1\r\nHost: service\r\nAuthorization: Bearer {self._token}\r\n"
        head += f"Accept: {accept}\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        self._writer.write(head.encode() + content)

    async def _head(self) -> tuple[int, int]:
        """The status, and the length of the body."""
        lines = (await self._reader.readuntil(b"\r\n\r\n")).decode().lower().split("\r\n")
        lengths = [int(line.partition(":")[2]) for line in lines if line.startswith("content-length:")]
        return int(lines[0].split()[1]), lengths[0] if lengths else 0
