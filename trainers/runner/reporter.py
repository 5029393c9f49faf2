"""What Tune sees goes to the desk: results, endings, and what was lost."""

import logging
from pathlib import Path
from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial

from search_spaces.runner_protocol import LONGEST_REASON, LostTrial, TrialEnding
from trainers.runner.attempt import from_result
from trainers.runner.departure import Departure
from trainers.runner.desk import Desk

log = logging.getLogger(__name__)


class Reporter(Callback):  # type: ignore[misc]
    """Reports results, endings and losses, and leaves Tune's loop when the runner must leave."""

    def __init__(self, desk: Desk, departure: Departure) -> None:
        self._desk = desk
        self._departure = departure

    def on_step_begin(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        """Called several times a second."""
        self._departure.leave_if_decided()

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        """An epoch, or the ending."""
        news = from_result(result)
        if isinstance(news, TrialEnding):
            log.info("trial ended: attempt=%s outcome=%s", news.tune_trial_id, news.outcome)
        self._desk.record(news)

    def on_step_end(self, iteration: int, trials: list[Trial], **info: Any) -> None:
        """A Tune trial that is over while its attempt is open was lost, however that came about.

        Exceptions inside a trial are endings already; what is left is a process that died, could not start, or did
        not let go of its former trial.
        """
        for trial in trials:
            name = trial.config["tune_trial_id"]
            if trial.is_finished() and self._desk.is_open(name):
                reason = self._loss(trial)
                log.warning("trial lost: attempt=%s reason=%s", name, reason)
                self._desk.record(LostTrial(tune_trial_id=name, reason=reason))

    def _loss(self, trial: Trial) -> str:
        if trial.status == Trial.TERMINATED:
            return "the runner was drained" if self._desk.is_draining else "its process ended without an outcome"
        error = Path(trial.error_file).read_text() if trial.error_file else "no reason given"
        return f"its process was lost: {error.strip()}"[:LONGEST_REASON]
