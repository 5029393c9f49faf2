"""Audits of a sweep: the ledger is compared with its own rules, with Ray and with MLflow, and what can be is repaired.

What others say is read first and the ledger afterwards: whatever happened in between may be on its way, and is left
out rather than told as a disagreement.
"""

import asyncio
from datetime import datetime

from service.clusters.protocol import ClusterRefused, ClusterUnreachable
from service.db import audits, projections, runners, sweeps
from service.db.database import Session
from service.ledger.audit.clusters import compare_with_cluster, runners_without_job, unwanted_jobs
from service.ledger.audit.itself import compare_with_itself
from service.ledger.audit.mlflow import Shown, compare_with_mlflow
from service.ledger.audit.picture import LedgerPicture, load_picture, load_rows
from service.ledger.audit.repairs import fence_runner, repair_ledger
from service.operations.mlflow_views import ask_for_new_view
from service.operations.testimony import Auditor, Testimony, ask_others, not_compared_with_mlflow
from service.schemas.audit import AuditView, Disagreement, NotCompared, Part, RepairView
from service.tracking.batch import view_sweep
from service.tracking.server import TrackingServer


async def audit_sweep(auditor: Auditor, sweep_id: str) -> AuditView:
    """Every disagreement, and every part that nothing can be said of."""
    testimony = await ask_others(auditor, sweep_id)
    silent = list(testimony.silent)
    async with auditor.database.snapshot() as session:
        picture = await load_picture(session, sweep_id)
        shown = None
        if testimony.mlflow is not None and auditor.tracking is not None:
            shown = await _shown(session, auditor.tracking, picture, testimony)
            silent += _on_their_way(picture, shown)
    found = await asyncio.to_thread(_compare, picture, testimony, shown, auditor.clock())
    return AuditView(sweep_id=sweep_id, at=auditor.clock(), disagreements=found, not_compared=silent)


async def repair_sweep(auditor: Auditor, sweep_id: str) -> RepairView:
    """Sets right what can be, and tells what was done. May be repeated."""
    testimony = await ask_others(auditor, sweep_id)
    done = await _stop_unwanted_jobs(auditor, sweep_id, testimony)
    done += await _repair_ledger(auditor, sweep_id, testimony)
    after = await audit_sweep(auditor, sweep_id)
    if any(one.part is Part.MLFLOW for one in after.disagreements):
        async with auditor.database.write() as session:
            await ask_for_new_view(session, sweep_id)
        done.append("asked MLflow's view to be made anew, which happens in the background")
        after = await audit_sweep(auditor, sweep_id)
    return RepairView(
        sweep_id=sweep_id, at=after.at, done=done, left=after.disagreements, not_compared=after.not_compared
    )


def _compare(picture: LedgerPicture, testimony: Testimony, shown: Shown | None, now: datetime) -> list[Disagreement]:
    found = list(compare_with_itself(picture))
    for cluster, jobs in testimony.jobs.items():
        found += compare_with_cluster(picture, cluster, jobs, now)
    if shown is not None:
        found += compare_with_mlflow(picture, shown)
    return found


async def _shown(
    session: Session, tracking: TrackingServer, picture: LedgerPicture, testimony: Testimony
) -> Shown | None:
    """None when the view was cleared while it was read."""
    seen = testimony.mlflow
    assert seen is not None, "MLflow did not answer"
    cursor = await projections.find(session, picture.sweep.id)
    if cursor is None or cursor.is_stale or cursor.sequence < seen.told_until:
        return None
    numbers, tells_of_sweep = await audits.told_since(session, picture.sweep.id, seen.told_until)
    return Shown(
        sweep=view_sweep(picture.sweep, tracking),
        runs=seen.runs,
        points=seen.points,
        is_sweep_on_its_way=tells_of_sweep,
        trials_on_their_way=numbers,
    )


def _on_their_way(picture: LedgerPicture, shown: Shown | None) -> list[NotCompared]:
    sweep_id = picture.sweep.id
    if shown is None:
        return [not_compared_with_mlflow(sweep_id, "it is being made anew")]
    parts = ["the sweep itself"] if shown.is_sweep_on_its_way else []
    parts += [f"{len(shown.trials_on_their_way)} trials"] if shown.trials_on_their_way else []
    return [not_compared_with_mlflow(sweep_id, f"news of {' and '.join(parts)} is on its way")] if parts else []


async def _stop_unwanted_jobs(auditor: Auditor, sweep_id: str, testimony: Testimony) -> list[str]:
    """A cluster that does not answer any more leaves its jobs to the next try."""
    async with auditor.database.read() as session:
        own = await runners.of_sweep(session, sweep_id)
    done = []
    for cluster, jobs in testimony.jobs.items():
        for job, _reason in unwanted_jobs(sweep_id, own, jobs, auditor.clock()):
            try:
                client = await auditor.clusters.client(cluster)
                await client.stop(job.submission_id)
            except (ClusterUnreachable, ClusterRefused):
                continue
            done.append(f"asked cluster {cluster} to stop job {job.submission_id}")
    return done


async def _repair_ledger(auditor: Auditor, sweep_id: str, testimony: Testimony) -> list[str]:
    done = []
    async with auditor.database.write() as session:
        await sweeps.get(session, sweep_id, lock=True)
        own = await runners.of_sweep(session, sweep_id)
        for cluster, jobs in testimony.jobs.items():
            for runner in runners_without_job(own, cluster, jobs, auditor.clock()):
                await fence_runner(session, auditor.settings, runner.id, auditor.clock())
                done.append(f"fenced runner {runner.id}")
        rows = await load_rows(session, sweep_id)
        return done + await repair_ledger(session, auditor.settings, rows, auditor.clock())
