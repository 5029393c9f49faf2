"""A tracking server in memory: held to the contract of TrackingStore, and told by a test when to fail."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from fakes.ledger import World

from service.lifecycle import FINISHED_STATES, TrialState
from service.tracking import presentation
from service.tracking.environment import read_environment
from service.tracking.projector import Projection, project_next_batch
from service.tracking.protocol import RunGone, SweepRun, TrackingRefused, TrackingStore, TrackingUnavailable
from service.tracking.server import TrackingServer
from service.tracking.view import SeenRun, StepView, SweepView, TrialView

PUBLIC_URL = "http://service"


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
    """Runs by id, in the order in which they were made."""

    def __init__(self) -> None:
        self.runs: dict[str, ShownRun] = {}
        self.calls = 0
        self.fails_with: TrackingUnavailable | TrackingRefused | None = None
        """Raised by every call while it is set."""
        self.refuses: Callable[[ShownRun], bool] = lambda run: False
        """Calls for these runs are refused."""
        self._numbers = count(1)

    def ensure_sweep_run(self, sweep: SweepView) -> SweepRun:
        self._answer()
        known = [run_id for run_id, run in self._of_sweep(sweep) if presentation.TRIAL_TAG not in run.tags]
        run = ShownRun(sweep.spec.mlflow_experiment, sweep.spec.name, sweep.started_at_ms, None)
        run_id = known[0] if known else self._make(run, presentation.sweep_tags(sweep))
        self._set_parameters(self.runs[run_id], presentation.sweep_parameters(sweep))
        return SweepRun(sweep.spec.mlflow_experiment, run_id)

    def show_sweep(self, run: SweepRun, sweep: SweepView) -> None:
        shown = self._run(run.run_id)
        shown.tags |= presentation.sweep_tags(sweep)
        shown.status = presentation.SWEEP_STATUSES[sweep.state]
        if sweep.state in FINISHED_STATES:
            shown.ended_at_ms = sweep.ended_at_ms

    def show_trial(self, parent: SweepRun, run_id: str | None, trial: TrialView, steps: Sequence[StepView]) -> str:
        self._answer()
        name = presentation.trial_run_name(trial)
        made = ShownRun(parent.experiment_id, name, trial.started_at_ms, parent.run_id)
        run_id = run_id or self._make(made, presentation.trial_tags(trial))
        self.log_steps(run_id, steps)
        run = self._run(run_id)
        self._set_parameters(run, presentation.trial_parameters(trial))
        run.tags |= presentation.trial_tags(trial)
        run.status = presentation.trial_status(trial)
        if trial.state is TrialState.ENDED:
            run.ended_at_ms = trial.ended_at_ms
            for metric, value in presentation.trial_final_metrics(trial).items():
                run.add_metric(metric, trial.last_step, value, presentation.final_metrics_at_ms(trial))
        return run_id

    def log_steps(self, run_id: str, steps: Sequence[StepView]) -> None:
        run = self._run(run_id)
        for step in steps:
            for name, value in step.metrics.items():
                run.add_metric(name, step.step, value, step.timestamp_ms)

    def log_files(self, run: SweepRun, files: Mapping[str, str]) -> None:
        self._run(run.run_id).files |= files

    def read_runs(self, sweep: SweepView, known: SweepRun | None) -> list[SeenRun]:
        self._answer()
        return [_seen(run_id, run) for run_id, run in self._of_sweep(sweep)]

    def count_points(self, run_ids: Sequence[str], metrics: Collection[str]) -> dict[str, dict[str, int]]:
        self._answer()
        counts = {
            run_id: {name: len(values) for name, values in self.runs[run_id].metrics.items() if name in metrics}
            for run_id in run_ids
            if run_id in self.runs
        }
        return {run_id: count for run_id, count in counts.items() if count}

    def delete_runs(self, run_ids: Sequence[str]) -> None:
        self._answer()
        for run_id in run_ids:
            self.runs.pop(run_id, None)

    def sweep_run(self, sweep_id: str) -> ShownRun:
        """The only run that shows the sweep itself."""
        (run,) = [run for run in self._runs_of(sweep_id) if presentation.TRIAL_TAG not in run.tags]
        return run

    def trial_runs(self, sweep_id: str) -> dict[int, ShownRun]:
        """Trial number → the only run that shows it."""
        runs = [run for run in self._runs_of(sweep_id) if presentation.TRIAL_TAG in run.tags]
        by_number = {int(run.tags[presentation.TRIAL_TAG]): run for run in runs}
        assert len(by_number) == len(runs), "a trial is shown twice"
        return by_number

    def _runs_of(self, sweep_id: str) -> list[ShownRun]:
        return [run for run in self.runs.values() if run.tags[presentation.SWEEP_TAG] == sweep_id]

    def _of_sweep(self, sweep: SweepView) -> list[tuple[str, ShownRun]]:
        return [(run_id, run) for run_id, run in self.runs.items() if run.tags[presentation.SWEEP_TAG] == sweep.id]

    def _make(self, run: ShownRun, tags: Mapping[str, str]) -> str:
        run_id = f"run{next(self._numbers)}"
        run.tags |= tags
        self.runs[run_id] = run
        return run_id

    def _set_parameters(self, run: ShownRun, parameters: Mapping[str, str]) -> None:
        for name, value in parameters.items():
            if run.parameters.setdefault(name, value) != value:
                raise TrackingRefused(f"{name} is {run.parameters[name]} already, and cannot become {value}")

    def _run(self, run_id: str) -> ShownRun:
        self._answer()
        if run_id not in self.runs:
            raise RunGone(f"there is no run {run_id!r}")
        if self.refuses(self.runs[run_id]):
            raise TrackingRefused(f"run {run_id} is refused")
        return self.runs[run_id]

    def _answer(self) -> None:
        self.calls += 1
        if self.fails_with is not None:
            raise self.fails_with


def server_of(store: TrackingStore) -> TrackingServer:
    """The store with what it is told of the service."""
    return TrackingServer(store, PUBLIC_URL, read_environment())


def projection_of(world: World, store: TrackingStore) -> Projection:
    """What a projector of the world's ledger works with."""
    return Projection(world.database, server_of(store), world.clock, lambda report: {"cost.json": report})


async def project_once(world: World, store: TrackingStore) -> bool:
    """Whether there was anything to show; a failure counts as something."""
    try:
        return await project_next_batch(projection_of(world, store), "worker")
    except (TrackingUnavailable, TrackingRefused):
        return True


async def project_all(world: World, store: TrackingStore) -> None:
    """Shows everything that may be shown now."""
    while await project_once(world, store):
        pass


def _seen(run_id: str, run: ShownRun) -> SeenRun:
    number = run.tags.get(presentation.TRIAL_TAG)
    return SeenRun(
        run_id=run_id,
        number=int(number) if number else None,
        parent_id=run.parent_id,
        status=run.status,
        outcome=run.tags.get(presentation.OUTCOME_TAG, ""),
        parameters=dict(run.parameters),
        metrics={name: max(values, key=_newness)[1] for name, values in run.metrics.items()},
    )


def _newness(point: tuple[int, float, int]) -> tuple[int, int, float]:
    """What MLflow orders the points of a metric by to find the newest."""
    step, value, timestamp_ms = point
    return step, timestamp_ms, value
