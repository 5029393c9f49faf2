"""/v1/sweeps/{id}/trials/{number}/metrics: how a trial learned, epoch by epoch."""

from typing import Annotated

from fastapi import APIRouter, Query

from service.api.dependencies import NO_NUL, OwnedSweep, ReadSession
from service.api.trials import TrialNumber
from service.operations import curves
from service.operations.downsampling import FEWEST_POINTS
from service.schemas.curves import TrialCurves

MetricName = Annotated[str, Query(min_length=1, max_length=200, pattern=NO_NUL)]

router = APIRouter(
    prefix="/v1/sweeps/{sweep_id}/trials/{number}/metrics",
    tags=["trials"],
)


@router.get("", operation_id="getCurves")
async def get_curves(
    session: ReadSession,
    sweep: OwnedSweep,
    number: TrialNumber,
    names: Annotated[
        list[MetricName] | None, Query(max_length=200, description="Only these metrics; repeat it for several.")
    ] = None,
    points: Annotated[
        int | None,
        Query(ge=FEWEST_POINTS, le=100_000, description="Most points of a curve; none sends all that were measured."),
    ] = None,
) -> TrialCurves:
    """The trial's curves. With `points` the ends, the lowest and the highest value of each stretch are kept."""
    return await curves.get_curves(session, sweep, number, names=names or [], points=points)
