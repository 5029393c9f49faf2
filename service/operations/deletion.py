"""What an owner does to a finished sweep last: delete it, with or without its runs in MLflow and its checkpoints.

What lies elsewhere goes first and the ledger last, so that a deletion that was cut off anywhere is simply asked for
again: the sweep is there until all of it is gone. Before the first thing goes the sweep is marked, and goes on no more.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from service.db import spent, sweeps
from service.db.database import Database, Session
from service.db.projections import ProjectionRow
from service.db.sweeps import SweepRow
from service.errors import NoTracking, TrackingAway, WrongState
from service.lifecycle import FINISHED_STATES
from service.operations.preconditions import check_version
from service.settings import Settings
from service.storage import delete_checkpoints
from service.tracking.batch import known_run, view_sweep
from service.tracking.claim import claimed_view
from service.tracking.protocol import TrackingRefused, TrackingUnavailable
from service.tracking.server import TrackingServer

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Deletion:
    """What a deletion works with, and how far it goes."""

    database: Database
    settings: Settings
    tracking: TrackingServer | None
    clock: Callable[[], datetime]
    mlflow_runs: bool
    checkpoints: bool


async def delete_sweep(deletion: Deletion, sweep_id: str, if_match: str | None) -> None:
    """Deletes the sweep. Until it has succeeded the sweep is there, and it may be asked for again.

    Raises WrongState for a sweep that has not finished, TrackingAway, NoTracking and StorageAway.
    """
    async with deletion.database.read() as session:
        await _check(session, sweep_id, if_match)
    # The projector must not show again what is being deleted.
    async with claimed_view(deletion.database, deletion.clock, sweep_id) as cursor:
        run_ids = await _find_runs(deletion, sweep_id, cursor) if deletion.mlflow_runs else []
        async with deletion.database.write() as session:
            sweep = await _check(session, sweep_id, if_match, lock=True)
            sweep.deletion_began_at = sweep.deletion_began_at or deletion.clock()
        if run_ids:
            await _delete_runs(deletion, sweep_id, run_ids)
        if deletion.checkpoints:
            await asyncio.to_thread(delete_checkpoints, deletion.settings.effective_storage, sweep_id)
        async with deletion.database.write() as session:
            await spent.keep(session, await sweeps.get(session, sweep_id, lock=True))
            await sweeps.delete(session, sweep_id)


async def _check(session: Session, sweep_id: str, if_match: str | None, *, lock: bool = False) -> SweepRow:
    sweep = await sweeps.get(session, sweep_id, lock=lock)
    check_version(if_match, sweep.version)
    if sweep.state not in FINISHED_STATES:
        accepted = " or ".join(sorted(state.value for state in FINISHED_STATES))
        raise WrongState(f"sweep {sweep_id} is {sweep.state.value} and cannot be deleted; accepted: {accepted}")
    return sweep


async def _find_runs(deletion: Deletion, sweep_id: str, cursor: ProjectionRow | None) -> list[str]:
    """Ids of everything that MLflow shows of the sweep."""
    if cursor is None:
        raise WrongState(f"MLflow is being told of sweep {sweep_id}: delete it a little later, or let its runs stay")
    if deletion.tracking is None:
        if cursor.run_id is None:
            return []
        raise NoTracking(
            f"the runs of sweep {sweep_id} are in an MLflow server that is not configured any more: "
            "set SUPSWEEP_MLFLOW_URI to it, or let them stay"
        )
    async with deletion.database.read() as session:
        view = view_sweep(await sweeps.get(session, sweep_id), deletion.tracking)
    read = partial(deletion.tracking.store.read_runs, view, known_run(cursor))
    return [run.run_id for run in await _at_mlflow(sweep_id, read)]


async def _delete_runs(deletion: Deletion, sweep_id: str, run_ids: list[str]) -> None:
    assert deletion.tracking is not None, "runs were found without an MLflow server"
    await _at_mlflow(sweep_id, partial(deletion.tracking.store.delete_runs, run_ids))


async def _at_mlflow(sweep_id: str, call: Callable[[], Answer]) -> Answer:
    try:
        return await asyncio.to_thread(call)
    except (TrackingUnavailable, TrackingRefused) as error:
        raise TrackingAway(f"sweep {sweep_id} is still there, its runs could not be deleted: {error}") from error
