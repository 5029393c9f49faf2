"""/v1/sweeps/{id}/logs: what its runners have printed, as plain text or as server-sent events."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Header, Query
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, format_sse_event

from service.api.accepts import EVENTS, PLAIN, Accept, preferred
from service.api.dependencies import NO_NUL, OwnedSweep, Parts, Reader, ReadSession, WiredParts
from service.api.events import KEEPALIVE_SECONDS
from service.api.streams import while_key_works
from service.operations.log_positions import POSITION_PATTERN, Position
from service.operations.logs import Piece, check_runner, follow_logs, read_logs
from service.schemas.logs import END_KIND, PIECE_KIND, LogPiece

ALIVE = b": alive\n\n"
NOT_STORED = {"Cache-Control": "no-store"}

router = APIRouter(prefix="/v1/sweeps/{sweep_id}/logs", tags=["sweeps"])


@router.get(
    "",
    operation_id="getLogs",
    response_class=StreamingResponse,
    responses={
        200: {"content": {kind: {"schema": {"type": "string"}} for kind in ("text/plain", "text/event-stream")}}
    },
)
async def get_logs(
    parts: WiredParts,
    session: ReadSession,
    caller: Reader,
    sweep: OwnedSweep,
    runner: Annotated[
        str | None, Query(max_length=32, pattern=NO_NUL, description="Id of one runner; none takes all of them.")
    ] = None,
    follow: Annotated[bool, Query(description="Go on until the sweep, or that one runner, has finished.")] = False,
    accept: Accept = PLAIN,
    last_event_id: Annotated[
        str | None, Header(pattern=POSITION_PATTERN, description="Id of the last event received.")
    ] = None,
) -> StreamingResponse:
    """What the runners have printed, each below a line with its name. A cluster that is away is told of in a line.

    With Accept: text/event-stream each event `log` has some lines, and `Last-Event-ID` goes on behind them; `end` says
    that nothing more can come.
    """
    await check_runner(session, sweep.id, runner)
    after = Position() if last_event_id is None else Position.parse(last_event_id)
    pieces = _pieces(parts, sweep.id, runner, after, is_followed=follow)
    if preferred(accept, PLAIN, EVENTS) == EVENTS:
        return EventSourceResponse(while_key_works(parts, caller, _events(parts, pieces)), headers=NOT_STORED)
    texts = while_key_works(parts, caller, _texts(pieces))
    return StreamingResponse(texts, media_type="text/plain; charset=utf-8", headers=NOT_STORED)


def _pieces(
    parts: Parts, sweep_id: str, runner_id: str | None, after: Position, *, is_followed: bool
) -> AsyncGenerator[Piece]:
    if is_followed:
        return follow_logs(
            parts.database, parts.clusters, parts.runner_logs, sweep_id, runner_id, after, parts.loops.stopping
        )
    return read_logs(parts.database, parts.clusters, parts.runner_logs, sweep_id, runner_id, after)


async def _texts(pieces: AsyncGenerator[Piece]) -> AsyncGenerator[bytes]:
    async with contextlib.aclosing(pieces):
        async for piece in pieces:
            # What runs on a cluster may print anything, halves of characters included.
            yield piece.text.encode("utf-8", "replace")


async def _events(parts: Parts, pieces: AsyncGenerator[Piece]) -> AsyncGenerator[bytes]:
    """The pieces in SSE's format, with a comment in every longer silence, which a slow cluster may cause too."""
    async with contextlib.aclosing(pieces):
        coming = asyncio.ensure_future(anext(pieces, None))
        try:
            while True:
                await asyncio.wait({coming}, timeout=KEEPALIVE_SECONDS)
                if not coming.done():
                    yield ALIVE
                    continue
                piece = coming.result()
                if piece is None:
                    break
                yield _event(piece)
                coming = asyncio.ensure_future(anext(pieces, None))
        finally:
            coming.cancel()
            await asyncio.wait({coming})
    if not parts.loops.stopping.is_set():
        yield format_sse_event(data_str="{}", event=END_KIND)


def _event(piece: Piece) -> bytes:
    text = piece.text.encode("utf-8", "replace").decode()
    return format_sse_event(data_str=LogPiece(text=text).model_dump_json(), event=PIECE_KIND, id=str(piece.position))
