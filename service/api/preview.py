"""/v1/sweeps/preview: what a spec would do, cost and tell, before it is submitted."""

from fastapi import APIRouter

from service.api.dependencies import Reader, WiredParts
from service.api.problems import problem_responses
from service.api.sweeps import SubmittedSpec
from service.operations.dataset_roots import check_dataset_root
from service.operations.preview import preview_sweep
from service.schemas.preview import PlanPreview

router = APIRouter(prefix="/v1/sweeps/preview", tags=["sweeps"], responses=problem_responses(404))


@router.post("", operation_id="previewSweep")
async def preview(parts: WiredParts, caller: Reader, spec: SubmittedSpec) -> PlanPreview:
    """Checks the spec as its submission would, and writes nothing: trials, image passes, cost, what it can detect."""
    check_dataset_root(parts.settings, spec)
    return await preview_sweep(parts.database, parts.settings, parts.clusters, spec, owner=caller.owner)
