"""Server-sent events as the service writes them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from service.schemas.events import EventView

SILENCE_SECONDS = 45.0
"""A stream that is silent for longer is dead: the service breaks silence every 15 s."""


@dataclass(frozen=True)
class ServerSentEvent:
    """One event of a stream: its kind, its id (none: empty), its data."""

    kind: str
    id: str
    data: bytes


def read_events(chunks: Iterable[bytes]) -> Iterator[EventView]:
    """The whole events of a sweep's stream: every one is an EventView, whose sequence is its id."""
    for event in read_stream(chunks):
        yield EventView.model_validate_json(event.data)


def read_stream(chunks: Iterable[bytes]) -> Iterator[ServerSentEvent]:
    """The whole events of a stream; one that breaks off in the middle is left for the next connection."""
    # Not httpx's iter_lines: that ends lines at U+2028 and its like too, which may stand within a JSON text.
    rest = b""
    for chunk in chunks:
        *blocks, rest = (rest + chunk).split(b"\n\n")
        for block in blocks:
            if data := _field(block, b"data"):
                yield ServerSentEvent(_field(block, b"event").decode(), _field(block, b"id").decode(), data)


def _field(block: bytes, name: bytes) -> bytes:
    """What follows the name; nothing for a comment."""
    prefix = name + b":"
    lines = [line.removeprefix(prefix) for line in block.split(b"\n") if line.startswith(prefix)]
    return b"\n".join(lines).strip()
