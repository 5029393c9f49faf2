"""/v1/sweeps/{id}/trials: list them, look at one."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from search_spaces.outcomes import Outcome
from service.api.dependencies import NO_NUL, OwnedSweep, ReadSession
from service.api.pages import Cursor
from service.db.trials import TrialFilter
from service.lifecycle import TrialState
from service.operations import trials
from service.schemas.trials import TrialDetail, TrialPage

NUMBERS = 2**31
"""Trials and points are numbered below this."""

TrialNumber = Annotated[int, Path(ge=0, lt=NUMBERS, description="Number of the trial in its sweep.")]

router = APIRouter(prefix="/v1/sweeps/{sweep_id}/trials", tags=["trials"])


def _matching(
    arm: Annotated[str | None, Query(max_length=60, pattern=NO_NUL, description="Only trials of this arm.")] = None,
    state: Annotated[TrialState | None, Query(description="Only trials in this state.")] = None,
    outcome: Annotated[Outcome | None, Query(description="Only trials that ended so.")] = None,
    point: Annotated[int | None, Query(ge=0, lt=NUMBERS, description="Only trials of this configuration.")] = None,
) -> TrialFilter:
    return TrialFilter(arm, state, outcome, point)


@router.get("", operation_id="listTrials")
async def list_trials(
    session: ReadSession,
    sweep: OwnedSweep,
    matching: Annotated[TrialFilter, Depends(_matching)],
    limit: Annotated[int, Query(ge=1, le=500, description="Most trials of a page.")] = 100,
    cursor: Cursor = None,
) -> TrialPage:
    """The sweep's trials by number, or those that match every filter."""
    return await trials.list_trials(session, sweep, limit=limit, cursor=cursor, matching=matching)


@router.get("/{number}", operation_id="getTrial")
async def get_trial(session: ReadSession, sweep: OwnedSweep, number: TrialNumber) -> TrialDetail:
    """One trial: its configuration, how it ended, what it cost, and every attempt at it."""
    return await trials.get_trial(session, sweep, number)
