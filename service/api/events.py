"""/v1/sweeps/{id}/events: everything that happens, as server-sent events or as a JSON page."""

import contextlib
from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from fastapi.sse import EventSourceResponse, format_sse_event

from service.api.accepts import EVENTS, JSON, Accept, preferred
from service.api.dependencies import OwnedSweep, Parts, Reader, ReadSession, WiredParts
from service.api.streams import while_key_works
from service.operations.events import list_events
from service.schemas.events import EventPage, EventView

KEEPALIVE_SECONDS = 15.0
SEQUENCE_LIMIT = 2**31
"""The ledger counts a sweep's events below this."""

router = APIRouter(prefix="/v1/sweeps/{sweep_id}/events", tags=["events"])


@router.get(
    "",
    operation_id="followEvents",
    response_model=EventPage,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(
    parts: WiredParts,
    session: ReadSession,
    caller: Reader,
    sweep: OwnedSweep,
    accept: Accept = EVENTS,
    last_event_id: Annotated[
        int | None, Header(ge=0, lt=SEQUENCE_LIMIT, description="Sequence of the last event received.")
    ] = None,
    after: Annotated[int, Query(ge=0, lt=SEQUENCE_LIMIT, description="The same, where a header cannot be sent.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000, description="Most events of a JSON page.")] = 500,
) -> Response | EventPage:
    """Events after `Last-Event-ID`: a stream until the sweep has finished, or a page with Accept: application/json."""
    first = last_event_id if last_event_id is not None else after
    if preferred(accept, EVENTS, JSON) == JSON:
        return await list_events(session, sweep.id, after=first, limit=limit)
    stream = while_key_works(parts, caller, _stream(parts, sweep.id, first))
    return EventSourceResponse(stream, headers={"Cache-Control": "no-store"})


async def _stream(parts: Parts, sweep_id: str, after: int) -> AsyncGenerator[bytes]:
    """The events in SSE's format, with a comment in every longer silence."""
    followed = parts.feeds.follow(parts.database, sweep_id, after=after, silence_seconds=KEEPALIVE_SECONDS)
    with parts.metrics.event_streams.track_inprogress():
        async with contextlib.aclosing(followed) as batches:
            async for batch in batches:
                yield b"".join(map(_format, batch)) or b": alive\n\n"


def _format(event: EventView) -> bytes:
    return format_sse_event(data_str=event.model_dump_json(), event=event.kind, id=str(event.sequence))
