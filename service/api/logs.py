"""/v1/sweeps/{id}/logs: what its runners have printed, as plain text."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from service.api.dependencies import NO_NUL, OwnedSweep, ReadSession, WiredParts
from service.api.problems import problem_responses
from service.operations.logs import check_runner, follow_logs, read_logs

router = APIRouter(
    prefix="/v1/sweeps/{sweep_id}/logs", tags=["sweeps"], responses=problem_responses(401, 403, 404, 422)
)


@router.get(
    "",
    operation_id="getLogs",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def get_logs(
    parts: WiredParts,
    session: ReadSession,
    sweep: OwnedSweep,
    runner: Annotated[
        str | None, Query(max_length=32, pattern=NO_NUL, description="Id of one runner; none takes all of them.")
    ] = None,
    follow: Annotated[bool, Query(description="Go on until the sweep, or that one runner, has finished.")] = False,
) -> StreamingResponse:
    """What the runners have printed, each below a line with its name. A cluster that is away is told of in a line."""
    await check_runner(session, sweep.id, runner)
    if follow:
        lines = follow_logs(parts.database, parts.clusters, sweep.id, runner, parts.loops.stopping)
    else:
        lines = read_logs(parts.database, parts.clusters, sweep.id, runner)
    return StreamingResponse(
        _encoded(lines), media_type="text/plain; charset=utf-8", headers={"Cache-Control": "no-store"}
    )


async def _encoded(lines: AsyncIterator[str]) -> AsyncIterator[bytes]:
    async for text in lines:
        # What runs on a cluster may print anything, halves of characters included.
        yield text.encode("utf-8", "replace")
