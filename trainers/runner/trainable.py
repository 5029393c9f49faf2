"""What a Tune actor does: run one attempt of one trial and send every epoch and the ending to Tune."""

import logging
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ray import tune

from search_spaces.outcomes import Outcome
from search_spaces.runner_protocol import LONGEST_REASON, StepResult, TrialEnding
from trainers.runner.attempt import Attempt, WorkerLost, folder_of, from_config, to_result
from trainers.runner.entrypoint import forget_token

if TYPE_CHECKING:
    from trainers.run_trial import Ending, EpochEnd

log = logging.getLogger(__name__)


def train_attempt(config: dict[str, Any]) -> None:
    """Runs the attempt in the config. Tune may end it at any epoch, by SystemExit in this thread."""
    ending = run_attempt(from_config(config), lambda result: tune.report(to_result(result)))
    tune.report(to_result(ending))


def run_attempt(attempt: Attempt, report: Callable[[StepResult], None]) -> TrialEnding:
    """Trains on this process, or with a gang, telling `report` of every epoch.

    An exception is an ending: our bug, not a loss. Only WorkerLost passes.
    """
    forget_token()
    started_at = time.perf_counter()
    try:
        return _run(attempt, report)
    except WorkerLost:
        raise
    except Exception as error:
        log.exception("attempt crashed: attempt=%s trial=%s", attempt.tune_trial_id, attempt.assignment.number)
        return TrialEnding(
            tune_trial_id=attempt.tune_trial_id,
            outcome=Outcome.FAILED,
            reason=f"{type(error).__name__}: {error}"[:LONGEST_REASON],
            attempt_device_seconds=(time.perf_counter() - started_at) * attempt.resources.devices,
        )


def _run(attempt: Attempt, report: Callable[[StepResult], None]) -> TrialEnding:
    # Here, not above: torch takes seconds to import, and the driver, which imports this module, needs none of it.
    from trainers.run_trial import EpochEnd  # noqa: PLC0415

    with closing(_advances(attempt)) as advances:
        advance = next(advances)
        while isinstance(advance, EpochEnd):
            report(step_result(attempt.tune_trial_id, folder_of(attempt), advance))
            advance = next(advances)
    return TrialEnding(tune_trial_id=attempt.tune_trial_id, **asdict(advance))


def _advances(attempt: Attempt) -> "Generator[EpochEnd | Ending]":
    """Epoch after epoch, then the ending. Closing it frees what the attempt holds."""
    from trainers.runner.gang import lead_gang  # noqa: PLC0415
    from trainers.runner.worker import start_run  # noqa: PLC0415

    if attempt.resources.workers > 1:
        yield from lead_gang(attempt)
    else:
        run = start_run(attempt)
        while True:
            yield run.advance()


def step_result(tune_trial_id: str, folder: str, end: "EpochEnd") -> StepResult:
    """The epoch in the words of the protocol: a checkpoint is named by its path under the storage."""
    checkpoint = f"{folder}/{end.checkpoint}" if end.checkpoint else None
    return StepResult(tune_trial_id=tune_trial_id, **{**asdict(end), "checkpoint": checkpoint})
