"""DELETE /v1/sweeps/{id}."""

from typing import Annotated

from fastapi import APIRouter, Query

from service.api.dependencies import ChangeableSweep, WiredParts
from service.api.preconditions import IfMatch
from service.api.problems import problem_responses
from service.operations.deletion import Deletion
from service.operations.deletion import delete_sweep as delete

router = APIRouter(prefix="/v1/sweeps/{sweep_id}", tags=["sweeps"], responses=problem_responses(409))


@router.delete("", status_code=204, operation_id="deleteSweep")
async def delete_sweep(
    parts: WiredParts,
    sweep: ChangeableSweep,
    mlflow_runs: Annotated[bool, Query(description="Delete its runs in MLflow too.")] = False,
    checkpoints: Annotated[bool, Query(description="Delete its checkpoints too.")] = False,
    if_match: IfMatch = None,
) -> None:
    """Deletes a finished sweep. While MLflow or the storage is away and should lose something: 503, and it stays."""
    deletion = Deletion(
        parts.database, parts.settings, parts.tracking, parts.clock, mlflow_runs=mlflow_runs, checkpoints=checkpoints
    )
    await delete(deletion, sweep.id, if_match)
