"""Shows the ledger in MLflow: event by event, in batches, from a cursor that survives any crash.

The cursor moves only after the store has taken a batch, and every call of the store may be repeated, so a
crash shows nothing twice and an outage of MLflow costs nothing but delay. What cannot be shown waits longer
each time, and holds up no other sweep. What has vanished there is shown anew.
"""

import asyncio
import logging
import random
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.db import projections, sweeps, trials
from service.db.claims import CLAIM_SECONDS, renewed
from service.db.database import Database
from service.db.projections import ClaimedProjection
from service.errors import SweepServiceError
from service.loops import Loop
from service.tracking.batch import Batch, TrialNews, known_run, load_batch, view_sweep
from service.tracking.presentation import environment_file, spec_file
from service.tracking.protocol import RunGone, SweepRun, TrackingRefused, TrackingStore, TrackingUnavailable
from service.tracking.server import TrackingServer

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""Long enough for the events of several epochs to come together in one batch."""
RETRY_SECONDS = 5.0
"""After a first failure; doubled with every further one, and half of it again at random, so that several processes
and many sweeps do not come back together."""
LONGEST_RETRY_SECONDS = 60.0
CLEARED_RUNS = 1000
"""Runs that are deleted in one go; other sweeps are shown before more of them are."""


@dataclass(frozen=True)
class Projection:
    """What the projector works with."""

    database: Database
    server: TrackingServer
    clock: Callable[[], datetime]
    draw_figures: Callable[[str], Mapping[str, str]]
    """Files by name, from a report's JSON."""


async def project(projection: Projection, loop: Loop) -> None:
    """Shows what is new, batch by batch, until the process stops."""
    worker = secrets.token_hex(4)
    while loop.turns():
        try:
            was_behind = await project_next_batch(projection, worker, loop.goes_on)
        except (SweepServiceError, TrackingUnavailable, TrackingRefused) as error:
            log.warning("projector waits", extra={"reason": str(error)})
            loop.waits_for(str(error))
            was_behind = False
        except Exception:  # whatever it is, the other sweeps are shown
            log.exception("projector failed")
            was_behind = False
        if not was_behind:
            await loop.pause(POLL_SECONDS)


async def project_next_batch(projection: Projection, worker: str, goes_on: Callable[[], None] = lambda: None) -> bool:
    """Shows the next events of one sweep that is behind, and calls `goes_on` piece by piece. Whether there was one.

    Raises TrackingUnavailable and TrackingRefused; that sweep then waits a while, the others do not.
    """
    now = projection.clock()
    async with projection.database.write() as session:
        until = now + timedelta(seconds=CLAIM_SECONDS)
        claimed = await projections.claim_behind(session, worker, now=now, until=until)
    if claimed is None:
        return False
    try:
        async with renewed(lambda: _renew(projection, claimed, worker)):
            await (_clear if claimed.row.is_stale else _show)(projection, claimed, worker, goes_on)
    except RunGone as gone:
        await _fail(projection, claimed, worker, f"shown anew: {gone}", is_stale=True)
    except (TrackingUnavailable, TrackingRefused) as error:
        await _fail(projection, claimed, worker, str(error))
        raise
    except SweepServiceError:
        # Our own database is away: the claim ends by itself.
        raise
    except Exception as error:
        log.exception("not shown in MLflow", extra={"sweep": claimed.row.sweep_id})
        await _fail(projection, claimed, worker, f"a bug of the service; its log tells more: {error!r}")
    return True


async def _show(projection: Projection, claimed: ClaimedProjection, worker: str, goes_on: Callable[[], None]) -> None:
    batch = await load_batch(projection.database, projection.server, claimed.row)
    if batch is None:
        return
    store = projection.server.store
    run = batch.run if batch.run is not None else await asyncio.to_thread(store.ensure_sweep_run, batch.sweep)
    await asyncio.to_thread(store.show_sweep, run, batch.sweep)
    made_before = await _find_runs(store, batch, run) if claimed.was_interrupted else {}
    run_ids = {}
    # One after another: MLflow's server answers no faster when it is asked for several things at once.
    for news in batch.trials:
        goes_on()
        found = made_before.get(news.trial.number)
        run_ids[news.trial.number] = await asyncio.to_thread(_show_trial, store, run, news, found)
    files = await asyncio.to_thread(_files, projection, batch)
    if files:
        await asyncio.to_thread(store.log_files, run, files)
    await _apply(projection, batch, run, run_ids, worker)


async def _find_runs(store: TrackingStore, batch: Batch, run: SweepRun) -> dict[int, str]:
    """Trial number → its oldest run there."""
    seen = await asyncio.to_thread(store.read_runs, batch.sweep, run)
    return {one.number: one.run_id for one in reversed(seen) if one.number is not None}


def _show_trial(store: TrackingStore, run: SweepRun, news: TrialNews, found: str | None) -> str:
    """`found` is a run that was made and not noted; something of it may be missing."""
    if news.run_id is not None and news.is_only_steps:
        store.log_steps(news.run_id, news.steps)
        return news.run_id
    return store.show_trial(run, news.run_id or found, news.trial, news.steps)


def _files(projection: Projection, batch: Batch) -> dict[str, str]:
    """Artifacts of the sweep's run that are new or may have changed."""
    files: dict[str, str] = {}
    if batch.run is None or batch.tells_of_sweep:
        files |= {"spec.json": spec_file(batch.sweep), "environment.json": environment_file(batch.sweep.environment)}
    if batch.report is not None:
        report = batch.report
        forms = {"report.json": report.json, "report.md": report.markdown, "report.html": report.html}
        files |= {f"report/{name}": text for name, text in forms.items()}
        files |= {f"report/figures/{name}": text for name, text in projection.draw_figures(report.json).items()}
    return files


async def _apply(projection: Projection, batch: Batch, run: SweepRun, run_ids: dict[int, str], worker: str) -> None:
    """Moves the cursor, if the claim is still ours."""
    async with projection.database.write() as session:
        # The sweep first, as everywhere else: its trials are about to be written.
        await sweeps.find(session, batch.sweep.id, lock=True)
        cursor = await projections.find_claimed(session, batch.sweep.id, worker)
        if cursor is None:
            return
        # Stale: somebody asked for a new view meanwhile.
        cursor.sequence = 0 if cursor.is_stale else batch.last_sequence
        cursor.experiment_id, cursor.run_id = run.experiment_id, run.run_id
        cursor.claimed_by = cursor.claimed_until = cursor.problem = None
        cursor.failures = 0
        for row in await trials.numbered(session, batch.sweep.id, run_ids.keys()):
            row.mlflow_run_id = run_ids[row.number]


async def _clear(projection: Projection, claimed: ClaimedProjection, worker: str, goes_on: Callable[[], None]) -> None:
    """Deletes whatever runs there are, and forgets them: all is shown from the first event on."""
    sweep_id = claimed.row.sweep_id
    async with projection.database.read() as session:
        sweep = await sweeps.find(session, sweep_id)
    if sweep is None:
        return
    store, view = projection.server.store, view_sweep(sweep, projection.server)
    seen = await asyncio.to_thread(store.read_runs, view, known_run(claimed.row))
    for run in seen[:CLEARED_RUNS]:
        goes_on()
        await asyncio.to_thread(store.delete_runs, [run.run_id])
    async with projection.database.write() as session:
        await sweeps.find(session, sweep_id, lock=True)
        cursor = await projections.find_claimed(session, sweep_id, worker)
        if cursor is None:
            return
        cursor.claimed_by = cursor.claimed_until = None
        if len(seen) > CLEARED_RUNS:
            return
        cursor.is_stale = False
        cursor.experiment_id = cursor.run_id = None
        await projections.forget_mlflow_runs(session, sweep_id)


async def _renew(projection: Projection, claimed: ClaimedProjection, worker: str) -> None:
    async with projection.database.write() as session:
        until = projection.clock() + timedelta(seconds=CLAIM_SECONDS)
        await projections.hold(session, claimed.row.sweep_id, worker, until=until)


async def _fail(
    projection: Projection, claimed: ClaimedProjection, worker: str, problem: str, *, is_stale: bool = False
) -> None:
    """Gives the claim back; nobody tries the sweep again too soon."""
    log.warning("not shown in MLflow yet", extra={"sweep": claimed.row.sweep_id, "reason": problem})
    async with projection.database.write() as session:
        cursor = await projections.find_claimed(session, claimed.row.sweep_id, worker)
        if cursor is None:
            return
        if is_stale:
            cursor.is_stale, cursor.sequence = True, 0
        cursor.problem = problem
        cursor.claimed_by = None
        cursor.claimed_until = projection.clock() + timedelta(seconds=_retry_seconds(cursor.failures))
        cursor.failures += 1


def _retry_seconds(failures: int) -> float:
    longest = min(RETRY_SECONDS * 2.0 ** min(failures, 10), LONGEST_RETRY_SECONDS)
    return longest * random.uniform(1.0, 1.5)  # noqa: S311  # jitter is no secret
