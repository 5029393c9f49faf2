"""What the projector and the audit need of a tracking server. Every call may be repeated: nothing doubles.

Calls are synchronous: whoever makes them does so in a thread.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from service.tracking.view import SeenRun, StepView, SweepView, TrialView


class TrackingUnavailable(Exception):
    """The server gave no usable answer. The call may have been carried out; repeat it later."""


class TrackingRefused(Exception):
    """The server answered that it will not, in a sentence. Repeating the call will not help."""


class RunGone(TrackingRefused):
    """The run or its experiment was deleted there, or the server has lost it."""


@dataclass(frozen=True)
class SweepRun:
    """The run that shows a sweep, and the experiment that holds it and its children."""

    experiment_id: str
    run_id: str


class TrackingStore(Protocol):
    """One tracking server. Every method raises TrackingUnavailable or TrackingRefused."""

    def ensure_sweep_run(self, sweep: SweepView) -> SweepRun:
        """The sweep's run, found or made, with its parameters.

        An experiment of that name that was deleted comes back, without the runs that it had of this sweep.
        """

    def show_sweep(self, run: SweepRun, sweep: SweepView) -> None:
        """Shows where the sweep stands. Raises RunGone."""

    def show_trial(self, parent: SweepRun, run_id: str | None, trial: TrialView, steps: Sequence[StepView]) -> str:
        """Shows where the trial stands and adds the steps to its curves; a run is made where there is none.

        Returns the id of the trial's run. Raises RunGone.
        """

    def log_steps(self, run_id: str, steps: Sequence[StepView]) -> None:
        """Adds the steps to the curves of a trial's run. Raises RunGone."""

    def log_files(self, run: SweepRun, files: Mapping[str, str]) -> None:
        """Stores texts by path as artifacts of the sweep's run, over those of the same paths. Raises RunGone."""

    def read_runs(self, sweep: SweepView, known: SweepRun | None) -> list[SeenRun]:
        """Every run of the sweep that is there, the oldest first.

        Looks in the experiment of its spec, and in that of `known`, which somebody may have given another name.
        """

    def count_points(self, run_ids: Sequence[str], metrics: Collection[str]) -> dict[str, dict[str, int]]:
        """Run id → metric → how many points its curve has; what has none is left out."""

    def delete_runs(self, run_ids: Sequence[str]) -> None:
        """Deletes the runs, which a person can bring back there; those that are gone are fine."""
