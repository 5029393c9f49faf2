"""/v1/sweeps/{id}/trials: list them, look at one."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from service.api.dependencies import NO_NUL, OwnedSweep, ReadSession
from service.api.problems import problem_responses
from service.operations import trials
from service.schemas.trials import TrialPage, TrialView

router = APIRouter(
    prefix="/v1/sweeps/{sweep_id}/trials", tags=["trials"], responses=problem_responses(401, 403, 404, 422)
)


@router.get("", operation_id="listTrials")
async def list_trials(
    session: ReadSession,
    sweep: OwnedSweep,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    cursor: Annotated[str | None, Query(max_length=500, pattern=NO_NUL)] = None,
) -> TrialPage:
    """The sweep's trials by number."""
    return await trials.list_trials(session, sweep, limit=limit, cursor=cursor)


@router.get("/{number}", operation_id="getTrial")
async def get_trial(session: ReadSession, sweep: OwnedSweep, number: Annotated[int, Path(ge=0, lt=2**31)]) -> TrialView:
    """One trial: its configuration, how it ended, what it cost."""
    return await trials.get_trial(session, sweep, number)
