"""/healthz and /readyz: whether the process lives, and whether it can serve."""

from fastapi import APIRouter, Response

from service.api.dependencies import WiredParts
from service.operations.health import examine
from service.schemas.health import Health

RETRY_AFTER_SECONDS = "5"

router = APIRouter(tags=["health"])


@router.get("/healthz", operation_id="healthz")
async def healthz() -> Health:
    """The process lives."""
    return Health(status="ok")


@router.get("/readyz", operation_id="readyz", responses={503: {"model": Health}})
async def readyz(parts: WiredParts, response: Response) -> Health:
    """The process can do its work: its database answers with this release's schema, and its loops turn."""
    health = await examine(parts.database, parts.loops, parts.settings.stuck_seconds)
    if health.status == "unavailable":
        response.status_code = 503
        response.headers["Retry-After"] = RETRY_AFTER_SECONDS
    return health
