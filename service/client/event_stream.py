"""Server-sent events as the service writes them: every event is one EventView, whose sequence is its id."""

from collections.abc import Iterable, Iterator

from service.schemas.events import EventView


def read_events(chunks: Iterable[bytes]) -> Iterator[EventView]:
    """The whole events of a stream; one that breaks off in the middle is left for the next connection."""
    # Not httpx's iter_lines: that ends lines at U+2028 and its like too, which may stand within a JSON text.
    rest = b""
    for chunk in chunks:
        *blocks, rest = (rest + chunk).split(b"\n\n")
        for block in blocks:
            if data := _data(block):
                yield EventView.model_validate_json(data)


def _data(block: bytes) -> bytes:
    """What follows `data:`; nothing for a comment."""
    lines = [line.removeprefix(b"data:") for line in block.split(b"\n") if line.startswith(b"data:")]
    return b"\n".join(lines).strip()
