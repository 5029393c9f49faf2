"""A tracking server in memory: held to the contract of TrackingStore, and told by a test when to fail."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from service.tracking import presentation
from service.tracking.protocol import SweepRun, TrackingRefused, TrackingUnavailable
from service.tracking.view import StepView, SweepView, TrialView


@dataclass
class ShownRun:
    """What a person sees of one run."""

    experiment: str
    name: str
    started_at_ms: int
    parent_id: str | None
    status: str = "RUNNING"
    ended_at_ms: int | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, list[tuple[int, float, int]]] = field(default_factory=dict)
    """Name → (step, value, timestamp in ms), sorted."""
    files: dict[str, str] = field(default_factory=dict)

    def add_metric(self, name: str, step: int, value: float, timestamp_ms: int) -> None:
        """Keeps the value, once."""
        values = self.metrics.setdefault(name, [])
        if (step, value, timestamp_ms) not in values:
            values.append((step, value, timestamp_ms))
            values.sort()


class FakeTrackingStore:
    """Runs by id, which is the run's key."""

    def __init__(self) -> None:
        self.runs: dict[str, ShownRun] = {}
        self.fails_with: TrackingUnavailable | TrackingRefused | None = None
        """Raised by every call while it is set."""

    def ensure_sweep_run(self, sweep: SweepView) -> SweepRun:
        self._answer()
        experiment = sweep.spec.mlflow_experiment
        key = presentation.sweep_key(sweep)
        run = self.runs.setdefault(key, ShownRun(experiment, sweep.spec.name, sweep.started_at_ms, None))
        run.parameters |= presentation.sweep_parameters(sweep)
        run.tags |= presentation.sweep_tags(sweep)
        run.files["spec.json"] = json.dumps(sweep.spec.model_dump(mode="json"))
        return SweepRun(experiment, key)

    def ensure_trial_run(self, parent: SweepRun, trial: TrialView) -> str:
        self._answer()
        key, name = presentation.trial_key(trial), presentation.trial_run_name(trial)
        run = self.runs.setdefault(key, ShownRun(parent.experiment_id, name, trial.started_at_ms, parent.run_id))
        run.parameters |= presentation.trial_parameters(trial)
        run.tags |= presentation.trial_tags(trial)
        return key

    def log_steps(self, run_id: str, steps: Sequence[StepView]) -> None:
        run = self._run(run_id)
        for step in steps:
            for name, value in step.metrics.items():
                run.add_metric(name, step.step, value, step.timestamp_ms)

    def end_trial(self, run_id: str, trial: TrialView) -> None:
        run = self._run(run_id)
        assert trial.outcome is not None
        assert trial.ended_at_ms is not None
        for name, value in presentation.trial_final_metrics(trial).items():
            run.add_metric(name, trial.config.epochs, value, trial.ended_at_ms)
        run.tags |= presentation.trial_tags(trial)
        run.status, run.ended_at_ms = presentation.TRIAL_STATUSES[trial.outcome], trial.ended_at_ms

    def end_sweep(self, run: SweepRun, sweep: SweepView) -> None:
        shown = self._run(run.run_id)
        shown.tags |= presentation.sweep_tags(sweep)
        shown.status, shown.ended_at_ms = presentation.SWEEP_STATUSES[sweep.state], sweep.ended_at_ms

    def log_report(self, run: SweepRun, files: Mapping[str, str]) -> None:
        self._run(run.run_id).files |= {f"report/{name}": text for name, text in files.items()}

    def _run(self, run_id: str) -> ShownRun:
        self._answer()
        if run_id not in self.runs:
            raise TrackingRefused(f"there is no run {run_id!r}")
        return self.runs[run_id]

    def _answer(self) -> None:
        if self.fails_with is not None:
            raise self.fails_with
