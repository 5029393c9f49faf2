"""Server-sent events in pieces as a network cuts them."""

from datetime import UTC, datetime

from service.client.event_stream import read_events
from service.schemas.events import EventView

EVENTS = [
    EventView(sequence=sequence, kind="sweep.state", at=datetime(2026, 1, 1, tzinfo=UTC), data={"reason": "größer"})
    for sequence in (1, 2)
]
STREAM = b"".join(
    f": alive\n\nevent: {event.kind}\ndata: {event.model_dump_json()}\nid: {event.sequence}\n\n".encode()
    for event in EVENTS
)


def test_events_are_the_same_however_the_stream_is_cut() -> None:
    for size in (1, 7, 100, len(STREAM)):
        assert list(read_events(STREAM[start : start + size] for start in range(0, len(STREAM), size))) == EVENTS


def test_event_that_breaks_off_is_left_away() -> None:
    assert list(read_events([STREAM[:-1]])) == EVENTS[:1]
