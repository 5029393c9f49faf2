"""/healthz and /readyz: whether the process lives, and whether it can serve."""

from fastapi import APIRouter, Response

from service.api.dependencies import WiredParts
from service.errors import SweepServiceError
from service.schemas.health import Health

router = APIRouter(tags=["health"])


@router.get("/healthz", operation_id="healthz")
async def healthz() -> Health:
    """The process lives."""
    return Health(status="ok")


@router.get("/readyz", operation_id="readyz", responses={503: {"model": Health}})
async def readyz(parts: WiredParts, response: Response) -> Health:
    """The service can take sweeps and move them: its database answers and its loops run."""
    reasons = [f"the {task.get_name()} has stopped; its log tells why" for task in parts.tasks if task.done()]
    try:
        await parts.database.check()
    except SweepServiceError as error:
        reasons.append(error.detail)
    if not reasons:
        return Health(status="ok")
    response.status_code = 503
    return Health(status="unavailable", reasons=reasons)
