"""What a Tune actor does: run one attempt of one trial and send every epoch and the ending to Tune."""

import logging
import time
from pathlib import Path
from typing import Any

from ray import tune

from search_spaces.outcomes import Outcome
from search_spaces.runner_protocol import StepResult, TrialEnding
from trainers.runner.attempt import Attempt, from_config, to_result

log = logging.getLogger(__name__)

LONGEST_REASON = 4000
"""The protocol's bound, in characters."""


def train_attempt(config: dict[str, Any]) -> None:
    """Runs the attempt in the config. Tune may end it at any epoch, by SystemExit in this thread."""
    attempt = from_config(config)
    started_at = time.perf_counter()
    try:
        ending = _run(attempt)
    except Exception as error:
        log.exception("attempt crashed: attempt=%s trial=%s", attempt.tune_trial_id, attempt.assignment.number)
        ending = TrialEnding(
            tune_trial_id=attempt.tune_trial_id,
            outcome=Outcome.FAILED,
            reason=f"{type(error).__name__}: {error}"[:LONGEST_REASON],
            attempt_device_seconds=(time.perf_counter() - started_at) * attempt.devices,
        )
    tune.report(to_result(ending))


def _run(attempt: Attempt) -> TrialEnding:
    # Here, not above: torch takes seconds to import, and the driver, which imports this module, needs none of it.
    import torch  # noqa: PLC0415

    from trainers.run_trial import EpochEnd, run_trial  # noqa: PLC0415

    torch.set_num_threads(attempt.threads)
    assignment = attempt.assignment
    folder = f"{assignment.number:06d}"

    def report_epoch(end: EpochEnd) -> None:
        result = StepResult(
            tune_trial_id=attempt.tune_trial_id,
            step=end.step,
            metrics=end.metrics,
            image_passes=end.image_passes,
            device_seconds=end.device_seconds,
            attempt_device_seconds=end.attempt_device_seconds,
            checkpoint=f"{folder}/{end.checkpoint}" if end.checkpoint else None,
        )
        tune.report(to_result(result))

    ending = run_trial(
        assignment.config,
        assignment.dataset,
        assignment.evaluation,
        folder=Path(attempt.storage) / folder,
        checkpoint=Path(assignment.checkpoint).name if assignment.checkpoint else None,
        timeout_seconds=assignment.timeout_seconds,
        devices=attempt.devices,
        on_epoch=report_epoch,
    )
    return TrialEnding(
        tune_trial_id=attempt.tune_trial_id,
        outcome=ending.outcome,
        reason=ending.reason and ending.reason[:LONGEST_REASON],
        scores=ending.scores,
        attempt_device_seconds=ending.attempt_device_seconds,
    )
