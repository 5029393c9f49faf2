"""POST /v1/sweeps/{id}/workers: a person's own worker joins a sweep."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from service.api.dependencies import ChangeableSweep, WiredParts, Writer
from service.api.preconditions import IdempotencyKey
from service.api.problems import problem_responses
from service.operations import workers
from service.schemas.workers import JoinedRunner, JoinRequest

router = APIRouter(prefix="/v1/sweeps/{sweep_id}/workers", tags=["runners"], responses=problem_responses(409))


@router.post("", status_code=201, operation_id="joinSweep")
async def join_sweep(
    parts: WiredParts,
    caller: Writer,
    sweep: ChangeableSweep,
    request: Annotated[JoinRequest, Body(examples=[{"name": "my-laptop"}])],
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> JoinedRunner:
    """Opens a runner for a worker of the caller's own, which asks for trials and reports them like any other."""
    async with parts.database.write() as session:
        joined = await workers.join(
            session, parts.settings, parts.vault, caller, sweep.id, request, idempotency_key, parts.clock()
        )
    response.headers.update({"Location": f"/v1/runners/{joined.brief.runner_id}", "Cache-Control": "no-store"})
    return joined
