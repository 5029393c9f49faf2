"""`python -m trainers.runner.alone`: a person's own worker, which trains one trial at a time without a Ray cluster.

Its brief and its token are those that the service gave to `POST /v1/sweeps/{id}/workers`; `supsweep join` starts it
with both. Its checkpoints are its own: what others wrote is not here, and nobody goes on from what is written here.
"""

import logging
import sys
import tempfile
from pathlib import Path

from search_spaces.outcomes import Outcome
from search_spaces.runner_protocol import LONGEST_REASON, Finished, LostTrial, RunnerBrief, StepResult
from trainers.runner.attempt import Attempt, WorkerLost, attempt_of
from trainers.runner.courier import Courier, say_goodbye
from trainers.runner.departure import Cause, Departure, LeaveNow, leave_at_once_on_signals
from trainers.runner.desk import Desk, Offer
from trainers.runner.entrypoint import read_surroundings
from trainers.runner.ledger_client import LedgerClient
from trainers.runner.trainable import run_attempt

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 1.0
"""How long to wait for a trial before looking whether to leave."""


MACHINE_FAILURES = (Outcome.FAILED, Outcome.INFEASIBLE)
"""Before the first epoch is over, these say as much of this machine as of the trial."""


class GivenBack(BaseException):
    """The ledger has decided about the trial, or wants it back."""


class Unfit(Exception):
    """This machine cannot run the sweep's trials, in a sentence."""


def run_alone(brief: RunnerBrief, token: str) -> int:
    """Trains until the ledger has no more. The exit code: 0, or the Cause of leaving early."""
    departure, desk = Departure(), Desk()
    courier = Courier(
        desk,
        LedgerClient(brief, token),
        departure,
        heartbeat_seconds=brief.heartbeat_seconds,
        patience_seconds=brief.patience_seconds,
    )
    courier.start()
    try:
        leave_at_once_on_signals(departure)
        _work(brief, desk, departure)
        return say_goodbye(desk, courier, departure)
    except LeaveNow:
        log.info("worker leaves early: runner=%s", brief.runner_id)
        return say_goodbye(desk, courier, departure)


def _work(brief: RunnerBrief, desk: Desk, departure: Departure) -> None:
    """Returns when no trial is left, or none can be run here. Raises LeaveNow."""
    try:
        with tempfile.TemporaryDirectory(prefix="supsweep-") as storage:
            _open_dataset(brief)
            _train_all(brief.model_copy(update={"storage": storage}), desk, departure)
    except Unfit as unfit:
        log.error("this machine cannot run the trials of sweep %s: %s", brief.sweep_id, unfit)
        departure.decide(Cause.UNFIT)


def _open_dataset(brief: RunnerBrief) -> None:
    """Raises Unfit before any trial is taken, which would fail here and nowhere else."""
    # Here, not above: they import torch for seconds, while the courier says that this worker lives.
    from trainers.build.dataset_files import bring_files  # noqa: PLC0415
    from trainers.build.splits import make_splits  # noqa: PLC0415

    try:
        make_splits(bring_files(brief.dataset, brief.dataset_roots))
    except Exception as error:  # whatever a loader raises
        raise Unfit(f"its dataset {brief.dataset.name} cannot be opened: {error}") from error


def _train_all(brief: RunnerBrief, desk: Desk, departure: Departure) -> None:
    """Raises LeaveNow and Unfit."""
    while not isinstance(answer := desk.take_trial(PATIENCE_SECONDS), Finished):
        departure.leave_if_decided()
        if answer is not None:
            _train(_here(brief, answer), desk, departure)


def _here(brief: RunnerBrief, offer: Offer) -> Attempt:
    """The attempt, from the beginning where its checkpoint is elsewhere."""
    name, assignment = offer
    if assignment.checkpoint and not (Path(brief.storage) / assignment.checkpoint).exists():
        assignment = assignment.model_copy(update={"checkpoint": None})
    return attempt_of(brief, name, assignment)


def _train(attempt: Attempt, desk: Desk, departure: Departure) -> None:
    """Raises Unfit, the trial given back, when it ends before its first epoch as it may not elsewhere."""
    has_begun = False

    def report(result: StepResult) -> None:
        nonlocal has_begun
        has_begun = True
        desk.record(result.model_copy(update={"checkpoint": None}))
        departure.leave_if_decided()
        if desk.is_draining or not desk.is_open(attempt.tune_trial_id):
            raise GivenBack

    log.info("trial taken: attempt=%s trial=%s", attempt.tune_trial_id, attempt.assignment.number)
    try:
        ending = run_attempt(attempt, report)
    except GivenBack:
        log.info("trial given back: attempt=%s", attempt.tune_trial_id)
        return
    except WorkerLost as lost:
        desk.record(LostTrial(tune_trial_id=attempt.tune_trial_id, reason=str(lost)[:LONGEST_REASON]))
        raise Unfit(f"trial {attempt.assignment.number} was lost: {lost}") from lost
    if has_begun or ending.outcome not in MACHINE_FAILURES:
        desk.record(ending)
        return
    reason = f"it did not begin on its worker: {ending.reason}"[:LONGEST_REASON]
    desk.record(LostTrial(tune_trial_id=attempt.tune_trial_id, reason=reason))
    raise Unfit(f"trial {attempt.assignment.number} did not begin: {ending.reason}")


if __name__ == "__main__":
    sys.exit(run_alone(*read_surroundings()))
