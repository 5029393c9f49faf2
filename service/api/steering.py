"""PATCH /v1/sweeps/{id} and its actions: pause, resume, cancel, extend, retry-failed."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from service.api.dependencies import ChangeableSweep, WiredParts
from service.api.preconditions import IfMatch
from service.api.problems import problem_responses
from service.api.sweeps import answer_with_sweep
from service.operations import steering
from service.schemas.steering import ExtendRequest, RetryRequest, SweepPatch
from service.schemas.sweeps import SweepDetail

router = APIRouter(prefix="/v1/sweeps/{sweep_id}", tags=["sweeps"], responses=problem_responses(409))

ONLY_FAILED = RetryRequest()
PATCH_EXAMPLES = {
    "faster": {
        "summary": "More trials at once, and more time",
        "value": {"max_concurrent": 8, "budget": {"wall_clock": "2h"}},
    },
    "unlimited": {"summary": "Without a limit of device-hours", "value": {"budget": {"device_hours": None}}},
    "elsewhere": {
        "summary": "On other clusters, first in line",
        "value": {"clusters": ["west", "east"], "priority": 10},
    },
}


@router.patch("", operation_id="changeSweep")
async def change_sweep(
    parts: WiredParts,
    sweep: ChangeableSweep,
    response: Response,
    patch: Annotated[SweepPatch, Body(openapi_examples=PATCH_EXAMPLES)],
    if_match: IfMatch = None,
) -> SweepDetail:
    """Changes what may change while a sweep runs: concurrency, budget, priority, labels, clusters."""
    async with parts.database.write() as session:
        await steering.change_sweep(session, parts.clusters, sweep.id, patch, if_match, parts.clock())
    return await answer_with_sweep(parts, sweep.id, response)


@router.post("/pause", operation_id="pauseSweep")
async def pause_sweep(
    parts: WiredParts, sweep: ChangeableSweep, response: Response, if_match: IfMatch = None
) -> SweepDetail:
    """Pauses the sweep: running trials come back with their last checkpoint. May be repeated."""
    async with parts.database.write() as session:
        await steering.pause_sweep(session, sweep.id, if_match, parts.clock())
    return await answer_with_sweep(parts, sweep.id, response)


@router.post("/resume", operation_id="resumeSweep")
async def resume_sweep(
    parts: WiredParts, sweep: ChangeableSweep, response: Response, if_match: IfMatch = None
) -> SweepDetail:
    """Goes on with a paused sweep, on whatever clusters it names now. May be repeated."""
    async with parts.database.write() as session:
        await steering.resume_sweep(session, parts.settings, sweep.id, if_match, parts.clock())
    return await answer_with_sweep(parts, sweep.id, response)


@router.post("/cancel", operation_id="cancelSweep")
async def cancel_sweep(
    parts: WiredParts, sweep: ChangeableSweep, response: Response, if_match: IfMatch = None
) -> SweepDetail:
    """Cancels the sweep: nothing of it counts from now on, and its jobs are stopped. May be repeated."""
    async with parts.database.write() as session:
        await steering.cancel_sweep(session, parts.settings, sweep.id, if_match, parts.clock())
    return await answer_with_sweep(parts, sweep.id, response)


@router.post("/extend", operation_id="extendSweep")
async def extend_sweep(
    parts: WiredParts,
    sweep: ChangeableSweep,
    response: Response,
    request: Annotated[ExtendRequest, Body(examples=[{"configurations": 32}])],
    if_match: IfMatch = None,
) -> SweepDetail:
    """Makes the design larger; what was drawn before stays, and a finished sweep goes on. May be repeated."""
    await steering.extend_sweep(parts.database, sweep.id, request, if_match, parts.clock())
    return await answer_with_sweep(parts, sweep.id, response)


@router.post("/retry-failed", operation_id="retryFailedTrials")
async def retry_failed(
    parts: WiredParts,
    sweep: ChangeableSweep,
    response: Response,
    request: Annotated[RetryRequest, Body(examples=[{"outcomes": ["failed", "cancelled"]}])] = ONLY_FAILED,
    if_match: IfMatch = None,
) -> SweepDetail:
    """Plans trials again that ended without an answer; a finished sweep goes on for them. May be repeated.

    Where no trial ended so and the sweep failed because its report could not be made, the report is made again.
    """
    async with parts.database.write() as session:
        await steering.retry_failed(session, sweep.id, request, if_match, parts.clock())
    return await answer_with_sweep(parts, sweep.id, response)
