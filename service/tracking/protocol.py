"""What the projector needs of a tracking server. Every call may be repeated with the same view: nothing doubles.

Calls are synchronous: the projector makes them in a thread.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from service.tracking.view import StepView, SweepView, TrialView


class TrackingUnavailable(Exception):
    """The server gave no usable answer. The call may have been carried out; repeat it later."""


class TrackingRefused(Exception):
    """The server answered that it will not, in a sentence. Repeating the call will not help."""


@dataclass(frozen=True)
class SweepRun:
    """The run that shows a sweep, and the experiment that holds it and its children."""

    experiment_id: str
    run_id: str


class TrackingStore(Protocol):
    """One tracking server. Every method raises TrackingUnavailable or TrackingRefused."""

    def ensure_sweep_run(self, sweep: SweepView) -> SweepRun:
        """The sweep's run, made with its parameters and its spec where it is missing."""

    def ensure_trial_run(self, parent: SweepRun, trial: TrialView) -> str:
        """Id of the trial's run, made below the parent with its parameters where it is missing."""

    def log_steps(self, run_id: str, steps: Sequence[StepView]) -> None:
        """Adds the metrics of any number of steps to a trial's run."""

    def end_trial(self, run_id: str, trial: TrialView) -> None:
        """Shows the outcome, the final scores and the cost of a trial that has ended."""

    def end_sweep(self, run: SweepRun, sweep: SweepView) -> None:
        """Shows the final state of a sweep that has ended."""

    def log_report(self, run: SweepRun, files: Mapping[str, str]) -> None:
        """Stores the files of the report, by name, in the folder `report` of the sweep's run."""
