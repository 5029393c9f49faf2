"""/v1/runners/{id}: the two calls of the runner protocol."""

from typing import Annotated

from fastapi import APIRouter, Body, Path

from search_spaces.runner_protocol import AskAnswer, AskRequest, ReportAnswer, ReportRequest
from service.api.dependencies import NO_NUL, RunnerToken, WiredParts
from service.api.problems import problem_responses
from service.operations import runners

RunnerId = Annotated[str, Path(max_length=32, pattern=NO_NUL, description="Id of the runner, from its brief.")]

REPORT = {
    "sequence": 12,
    "results": [
        {
            "tune_trial_id": "3f1b2_00006",
            "step": 3,
            "metrics": {"train_loss": 2.31, "val_top1": 0.91},
            "image_passes": 7332,
            "device_seconds": 8.4,
            "attempt_device_seconds": 8.4,
        }
    ],
}

router = APIRouter(prefix="/v1/runners/{runner_id}", tags=["runners"], responses=problem_responses(409))


@router.post("/ask", operation_id="ask")
async def ask(
    parts: WiredParts,
    runner_id: RunnerId,
    token: RunnerToken,
    request: Annotated[AskRequest, Body(examples=[{"tune_trial_id": "3f1b2_00006"}])],
) -> AskAnswer:
    """A trial to run, or to wait, or that there is nothing more. The same tune_trial_id gets the same trial again."""
    return await runners.ask(parts.database, parts.settings, parts.clock, runner_id, token, request.tune_trial_id)


@router.post("/report", operation_id="report")
async def report(
    parts: WiredParts,
    runner_id: RunnerId,
    token: RunnerToken,
    request: Annotated[ReportRequest, Body(examples=[REPORT])],
) -> ReportAnswer:
    """Counts what happened, once per sequence, and says which attempts to stop."""
    return await runners.report(parts.database, parts.settings, parts.clock, runner_id, token, request)
