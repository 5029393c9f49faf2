"""What a Tune actor does: run one attempt of one trial and send every epoch and the ending to Tune."""

import logging
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ray import tune

from search_spaces.outcomes import Outcome
from search_spaces.runner_protocol import LONGEST_REASON, StepResult, TrialEnding
from trainers.runner.attempt import Attempt, from_config, to_result

if TYPE_CHECKING:
    from trainers.run_trial import EpochEnd

log = logging.getLogger(__name__)


def train_attempt(config: dict[str, Any]) -> None:
    """Runs the attempt in the config. Tune may end it at any epoch, by SystemExit in this thread."""
    ending = run_attempt(from_config(config), lambda result: tune.report(to_result(result)))
    tune.report(to_result(ending))


def run_attempt(attempt: Attempt, report: Callable[[StepResult], None]) -> TrialEnding:
    """Trains on this process, telling `report` of every epoch. An exception is an ending: our bug, not a loss."""
    started_at = time.perf_counter()
    try:
        return _run(attempt, report)
    except Exception as error:
        log.exception("attempt crashed: attempt=%s trial=%s", attempt.tune_trial_id, attempt.assignment.number)
        return TrialEnding(
            tune_trial_id=attempt.tune_trial_id,
            outcome=Outcome.FAILED,
            reason=f"{type(error).__name__}: {error}"[:LONGEST_REASON],
            attempt_device_seconds=(time.perf_counter() - started_at) * attempt.devices,
        )


def _run(attempt: Attempt, report: Callable[[StepResult], None]) -> TrialEnding:
    # Here, not above: torch takes seconds to import, and the driver, which imports this module, needs none of it.
    import torch  # noqa: PLC0415

    from trainers.run_trial import run_trial  # noqa: PLC0415

    torch.set_num_threads(attempt.threads)
    assignment = attempt.assignment
    folder = f"{assignment.number:06d}"
    ending = run_trial(
        assignment.config,
        assignment.dataset,
        assignment.evaluation,
        folder=Path(attempt.storage) / folder,
        checkpoint=Path(assignment.checkpoint).name if assignment.checkpoint else None,
        timeout_seconds=assignment.timeout_seconds,
        devices=attempt.devices,
        on_epoch=lambda end: report(step_result(attempt.tune_trial_id, folder, end)),
    )
    return TrialEnding(tune_trial_id=attempt.tune_trial_id, **asdict(ending))


def step_result(tune_trial_id: str, folder: str, end: "EpochEnd") -> StepResult:
    """The epoch in the words of the protocol: a checkpoint is named by its path under the storage."""
    checkpoint = f"{folder}/{end.checkpoint}" if end.checkpoint else None
    return StepResult(tune_trial_id=tune_trial_id, **{**asdict(end), "checkpoint": checkpoint})
