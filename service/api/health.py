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
    """The service can take sweeps: its database answers."""
    try:
        await parts.database.check()
    except SweepServiceError as error:
        response.status_code = 503
        return Health(status="unavailable", reasons=[error.detail])
    return Health(status="ok")
