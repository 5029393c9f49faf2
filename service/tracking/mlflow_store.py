"""The MLflow server behind TrackingStore.

Facts of MLflow 3.17 that shape this file: a client cannot choose a run's id, so a sweep's run is found by its tags
before it is made; searching costs as much as creating, so trials are not searched for one by one; a metric logged
twice with the same step, time and value is kept once, a parameter logged twice with the same value is fine.
"""

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, Run, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from service.lifecycle import FINISHED_STATES, TrialState
from service.tracking import presentation
from service.tracking.mlflow_calls import count_points, limit_the_client, told_errors
from service.tracking.protocol import RunGone, SweepRun
from service.tracking.view import SeenRun, StepView, SweepView, TrialView

PAGE_RUNS = 1000
"""Runs per page of a search."""
STATUS_OF_NEW_RUNS = "RUNNING"


class MlflowStore:
    """One MLflow tracking server, by its URL."""

    def __init__(self, tracking_uri: str, request_timeout_seconds: int = 15) -> None:
        limit_the_client(request_timeout_seconds)
        self._uri = tracking_uri
        self._client = MlflowClient(tracking_uri=tracking_uri)

    def ensure_sweep_run(self, sweep: SweepView) -> SweepRun:
        """See TrackingStore."""
        with told_errors(self._uri):
            experiment_id = self._ensure_experiment(sweep)
            run_id = self._find_sweep_run(experiment_id, sweep) or self._make_run(
                experiment_id, sweep.spec.name, sweep.started_at_ms, presentation.sweep_tags(sweep)
            )
            self._log(run_id, parameters=presentation.sweep_parameters(sweep))
        return SweepRun(experiment_id, run_id)

    def show_sweep(self, run: SweepRun, sweep: SweepView) -> None:
        """See TrackingStore."""
        with told_errors(self._uri):
            self._log(run.run_id, tags=presentation.sweep_tags(sweep))
            ended_at_ms = sweep.ended_at_ms if sweep.state in FINISHED_STATES else None
            self._set_status(run.run_id, presentation.SWEEP_STATUSES[sweep.state], ended_at_ms)

    def show_trial(self, parent: SweepRun, run_id: str | None, trial: TrialView, steps: Sequence[StepView]) -> str:
        """See TrackingStore."""
        tags, status = presentation.trial_tags(trial), presentation.trial_status(trial)
        metrics = [*_metrics(steps), *_final_metrics(trial)]
        with told_errors(self._uri):
            if run_id is not None:
                self._log(run_id, parameters=presentation.trial_parameters(trial), tags=tags, metrics=metrics)
                self._set_status(run_id, status, trial.ended_at_ms)
                return run_id
            name, below = presentation.trial_run_name(trial), {MLFLOW_PARENT_RUN_ID: parent.run_id}
            run_id = self._make_run(parent.experiment_id, name, trial.started_at_ms, tags | below)
            self._log(run_id, parameters=presentation.trial_parameters(trial), metrics=metrics)
            if status != STATUS_OF_NEW_RUNS:
                self._set_status(run_id, status, trial.ended_at_ms)
        return run_id

    def log_steps(self, run_id: str, steps: Sequence[StepView]) -> None:
        """See TrackingStore."""
        with told_errors(self._uri):
            self._log(run_id, metrics=_metrics(steps))

    def log_files(self, run: SweepRun, files: Mapping[str, str]) -> None:
        """See TrackingStore."""
        with told_errors(self._uri), tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                file = Path(folder) / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
            self._client.log_artifacts(run.run_id, folder)

    def read_runs(self, sweep: SweepView, known: SweepRun | None) -> list[SeenRun]:
        """See TrackingStore."""
        with told_errors(self._uri):
            experiment = self._client.get_experiment_by_name(sweep.spec.mlflow_experiment)
            ids = {experiment.experiment_id} if experiment else set()
            ids |= {known.experiment_id} if known else set()
            return [_seen(run) for run in self._search(sorted(ids), _of_sweep(sweep))]

    def count_points(self, run_ids: Sequence[str], metrics: Collection[str]) -> dict[str, dict[str, int]]:
        """See TrackingStore."""
        with told_errors(self._uri):
            return count_points(self._uri, run_ids, metrics)

    def delete_runs(self, run_ids: Sequence[str]) -> None:
        """See TrackingStore."""
        for run_id in run_ids:
            with suppress(RunGone), told_errors(self._uri):
                self._client.delete_run(run_id)

    def _ensure_experiment(self, sweep: SweepView) -> str:
        found = self._client.get_experiment_by_name(sweep.spec.mlflow_experiment)
        if found is None:
            return str(self._client.create_experiment(sweep.spec.mlflow_experiment))
        if found.lifecycle_stage == "deleted":
            # A deleted experiment keeps its name, so there cannot be another one. All of its runs come back with it,
            # those that had been deleted before it included.
            self._client.restore_experiment(found.experiment_id)
            self.delete_runs([run.info.run_id for run in self._search([found.experiment_id], _of_sweep(sweep))])
        return str(found.experiment_id)

    def _find_sweep_run(self, experiment_id: str, sweep: SweepView) -> str | None:
        own = f"{_of_sweep(sweep)} and tags.`{presentation.KIND_TAG}` = 'sweep'"
        found = next(self._search([experiment_id], own), None)
        return None if found is None else str(found.info.run_id)

    def _make_run(self, experiment_id: str, name: str, started_at_ms: int, tags: Mapping[str, str]) -> str:
        run = self._client.create_run(experiment_id, start_time=started_at_ms, tags=dict(tags), run_name=name)
        return str(run.info.run_id)

    def _search(self, experiment_ids: list[str], which: str) -> Iterator[Run]:
        """The oldest first. Experiments that are not there have no runs."""
        token: str | None = None
        while True:
            page = self._client.search_runs(
                experiment_ids,
                which,
                max_results=PAGE_RUNS,
                order_by=["attributes.start_time ASC", "attributes.run_id ASC"],
                page_token=token,
            )
            yield from page
            token = page.token
            if not token:
                return

    def _log(
        self,
        run_id: str,
        *,
        parameters: Mapping[str, str] | None = None,
        tags: Mapping[str, str] | None = None,
        metrics: Sequence[Metric] = (),
    ) -> None:
        """Logs all of it, in requests as large as MLflow takes: the client splits what is larger."""
        self._client.log_batch(
            run_id,
            metrics,
            [Param(name, value) for name, value in (parameters or {}).items()],
            [RunTag(name, value) for name, value in (tags or {}).items()],
            synchronous=True,
        )

    def _set_status(self, run_id: str, status: str, ended_at_ms: int | None) -> None:
        if ended_at_ms is not None:
            self._client.set_terminated(run_id, status=status, end_time=ended_at_ms)
        else:
            self._client.update_run(run_id, status=status)


def _of_sweep(sweep: SweepView) -> str:
    return f"tags.`{presentation.SWEEP_TAG}` = '{sweep.id}'"


def _metrics(steps: Sequence[StepView]) -> list[Metric]:
    return [Metric(name, value, step.timestamp_ms, step.step) for step in steps for name, value in step.metrics.items()]


def _final_metrics(trial: TrialView) -> list[Metric]:
    if trial.state is not TrialState.ENDED:
        return []
    final, at_ms = presentation.trial_final_metrics(trial), presentation.final_metrics_at_ms(trial)
    return [Metric(name, value, at_ms, trial.last_step) for name, value in final.items()]


def _seen(run: Run) -> SeenRun:
    tags = run.data.tags
    number = tags.get(presentation.TRIAL_TAG)
    return SeenRun(
        run_id=run.info.run_id,
        number=int(number) if number else None,
        parent_id=tags.get(MLFLOW_PARENT_RUN_ID),
        status=run.info.status,
        outcome=tags.get(presentation.OUTCOME_TAG, ""),
        parameters=run.data.params,
        metrics=run.data.metrics,
    )
