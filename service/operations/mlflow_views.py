"""What an owner does with a sweep's view in MLflow: have it made anew from the ledger."""

from service.db import projections, sweeps
from service.db.database import Session
from service.errors import NoTracking
from service.tracking.server import TrackingServer


async def rebuild_view(session: Session, tracking: TrackingServer | None, sweep_id: str) -> None:
    """Has everything in MLflow deleted and shown again, in the background. May be repeated. Raises NoTracking."""
    if tracking is None:
        raise NoTracking("no MLflow server is configured: set SUPSWEEP_MLFLOW_URI to one")
    await ask_for_new_view(session, sweep_id)


async def ask_for_new_view(session: Session, sweep_id: str) -> None:
    """Marks the view as stale; one that waits after a failure is tried at once."""
    await sweeps.get(session, sweep_id, lock=True)
    cursor = await projections.find(session, sweep_id, lock=True)
    assert cursor is not None, f"sweep {sweep_id} has no projection"
    cursor.is_stale, cursor.sequence = True, 0
    if cursor.claimed_by is None:
        cursor.claimed_until = None
