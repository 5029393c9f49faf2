"""The Ray Tune run of one runner: everything wired together, from the first ask to the exit code."""

import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.autoscaler.sdk import request_resources

from search_spaces.locations import is_url
from search_spaces.runner_protocol import RunnerBrief
from trainers.runner.courier import Courier, say_goodbye
from trainers.runner.departure import Cause, Departure, LeaveNow, leave_on_sigterm
from trainers.runner.desk import Desk
from trainers.runner.ledger_client import LedgerClient
from trainers.runner.reporter import Reporter
from trainers.runner.resources import Node, placement_of
from trainers.runner.room import Room
from trainers.runner.scheduler import LedgerScheduler
from trainers.runner.searcher import LedgerSearcher
from trainers.runner.trainable import train_attempt

log = logging.getLogger(__name__)

TUNE_ENVIRONMENT = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
    "TUNE_GLOBAL_CHECKPOINT_S": "inf",
    "TUNE_MAX_PENDING_TRIALS_PG": "1000",
    "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
    "RAY_AIR_NEW_OUTPUT": "0",
}
"""Tune keeps no records: the ledger does. And it holds no trial back: the ledger gives what the sweep may run."""


def run_job(brief: RunnerBrief, token: str, train: Callable[[dict[str, Any]], None] = train_attempt) -> int:
    """Runs trials until the ledger has no more. The exit code: 0, or the Cause of leaving early.

    `train` runs one attempt in a Tune actor. Needs the main thread and a Ray cluster named by RAY_ADDRESS.
    """
    departure, desk = Departure(), Desk()
    courier = Courier(
        desk,
        LedgerClient(brief, token),
        departure,
        heartbeat_seconds=brief.heartbeat_seconds,
        patience_seconds=brief.patience_seconds,
    )
    leave_on_sigterm(departure)
    ray.init(address="auto")
    # Again, because Ray has put its own handler there.
    leave_on_sigterm(departure)
    courier.start()
    room = Room(brief.resources, _living_nodes, _wish)
    try:
        # Over before the goodbye, which may wait for the service: Ray kills a job 3 s after SIGTERM.
        with room.wishes():
            _run_tune(brief, desk, departure, room, train)
    except LeaveNow:
        log.info("runner leaves early: runner=%s", brief.runner_id)
    except Exception:
        log.exception("runner crashed: runner=%s", brief.runner_id)
        departure.decide(Cause.BROKEN)
    return say_goodbye(desk, courier, departure)


def _run_tune(
    brief: RunnerBrief, desk: Desk, departure: Departure, room: Room, train: Callable[[dict[str, Any]], None]
) -> None:
    """Returns when no trial is left. Raises LeaveNow."""
    # It would complain of every trial that has no records.
    logging.getLogger("ray.tune.analysis").setLevel(logging.ERROR)
    os.environ.update(TUNE_ENVIRONMENT)
    with _scratch(brief.storage) as folder:
        # Not tune.Tuner: it writes its searcher and callbacks to disk, and the token with them.
        tune.run(
            tune.with_resources(train, placement_of(brief.resources)),
            name=brief.runner_id,
            storage_path=folder,
            num_samples=-1,
            search_alg=LedgerSearcher(desk, brief, room),
            callbacks=[Reporter(desk, departure)],
            scheduler=LedgerScheduler(desk),
            trial_dirname_creator=lambda trial: trial.trial_id,
            reuse_actors=True,
            max_failures=0,
            raise_on_failed_trial=False,
            verbose=0,
        )


def _scratch(storage: str) -> tempfile.TemporaryDirectory[str]:
    """Tune's own folder, for the driver's node alone: others look for it only to hand checkpoints to Tune.

    Below the storage where that is a folder, so that what a killed runner leaves goes with its sweep.
    """
    if is_url(storage):
        return tempfile.TemporaryDirectory(prefix="supsweep-tune-")
    Path(storage).mkdir(parents=True, exist_ok=True)
    return tempfile.TemporaryDirectory(prefix=".tune-", dir=storage)


def _living_nodes() -> list[Node]:
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def _wish(bundles: list[dict[str, float]]) -> None:
    """Tells the autoscaler, if there is one, what is wanted at once."""
    request_resources(bundles=bundles)
