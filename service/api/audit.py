"""/v1/sweeps/{id}/audit and /v1/sweeps/{id}/mlflow: whether what is shown is true, and making it so."""

from fastapi import APIRouter, Response

from service.api.dependencies import ChangeableSweep, Parts, VisibleSweep, WiredParts
from service.api.problems import problem_responses
from service.api.sweeps import answer_with_sweep
from service.operations import audit
from service.operations.mlflow_views import rebuild_view
from service.operations.testimony import Auditor
from service.schemas.audit import AuditView, RepairView
from service.schemas.sweeps import SweepDetail

router = APIRouter(prefix="/v1/sweeps/{sweep_id}", tags=["audit"])


@router.get("/audit", operation_id="auditSweep")
async def audit_sweep(parts: WiredParts, sweep: VisibleSweep) -> AuditView:
    """Compares the ledger with its own rules, with Ray and with MLflow. What gives no answer is told apart."""
    return await audit.audit_sweep(_auditor(parts), sweep.id)


@router.post("/audit", operation_id="repairSweep")
async def repair_sweep(parts: WiredParts, sweep: ChangeableSweep) -> RepairView:
    """Sets right what the audit finds, where that can be done. May be repeated."""
    return await audit.repair_sweep(_auditor(parts), sweep.id)


@router.post("/mlflow/rebuild", status_code=202, operation_id="rebuildMlflowView", responses=problem_responses(409))
async def rebuild_mlflow_view(parts: WiredParts, sweep: ChangeableSweep, response: Response) -> SweepDetail:
    """Makes the sweep's runs in MLflow anew from the ledger, in the background. May be repeated.

    `mlflow_events_behind` counts down to 0.
    """
    async with parts.database.write() as session:
        await rebuild_view(session, parts.tracking, sweep.id)
    return await answer_with_sweep(parts, sweep.id, response)


def _auditor(parts: Parts) -> Auditor:
    return Auditor(parts.database, parts.settings, parts.clusters, parts.tracking, parts.clock)
