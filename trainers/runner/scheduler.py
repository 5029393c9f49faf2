"""Tune's scheduler: trials run in the order they came, and end where the ledger says so."""

from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from trainers.runner.attempt import from_result
from trainers.runner.desk import Desk


class LedgerScheduler(FIFOScheduler):  # type: ignore[misc]
    """Stops a trial at its next result once the ledger has decided about it, and every trial of a drained runner."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """STOP or CONTINUE. See ray.tune.schedulers.TrialScheduler."""
        is_over = self._desk.is_draining or not self._desk.is_open(from_result(result).tune_trial_id)
        return str(TrialScheduler.STOP if is_over else TrialScheduler.CONTINUE)
