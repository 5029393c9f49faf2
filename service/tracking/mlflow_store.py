"""The MLflow server behind TrackingStore, and the only module that imports MLflow.

Facts of MLflow 3.17 that shape this file: a client cannot choose a run's id, so runs are found by a tag
before they are made; a metric logged twice with the same step, time and value is kept once, a parameter
logged twice with the same value is fine; timeouts and retries of the client are process-wide settings.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from mlflow import MlflowClient, MlflowException
from mlflow import environment_variables as mlflow_settings
from mlflow.entities import Metric, Param, RunTag
from mlflow.utils.mlflow_tags import MLFLOW_PARENT_RUN_ID

from service.tracking import presentation
from service.tracking.protocol import SweepRun, TrackingRefused, TrackingUnavailable
from service.tracking.view import StepView, SweepView, TrialView


class MlflowStore:
    """One MLflow tracking server, by its URL."""

    def __init__(self, tracking_uri: str, request_timeout_seconds: int = 15) -> None:
        _limit_the_client(request_timeout_seconds)
        self._uri = tracking_uri
        self._client = MlflowClient(tracking_uri=tracking_uri)

    def ensure_sweep_run(self, sweep: SweepView) -> SweepRun:
        """See TrackingStore."""
        with self._errors():
            experiment_id = self._ensure_experiment(sweep.spec.mlflow_experiment)
            run_id = self._ensure_run(
                experiment_id, presentation.sweep_key(sweep), sweep.spec.name, sweep.started_at_ms, parent_id=None
            )
            self._log(run_id, parameters=presentation.sweep_parameters(sweep), tags=presentation.sweep_tags(sweep))
            self._client.log_text(run_id, json.dumps(sweep.spec.model_dump(mode="json"), indent=2), "spec.json")
        return SweepRun(experiment_id, run_id)

    def ensure_trial_run(self, parent: SweepRun, trial: TrialView) -> str:
        """See TrackingStore."""
        key, name = presentation.trial_key(trial), presentation.trial_run_name(trial)
        with self._errors():
            run_id = self._ensure_run(parent.experiment_id, key, name, trial.started_at_ms, parent_id=parent.run_id)
            self._log(run_id, parameters=presentation.trial_parameters(trial), tags=presentation.trial_tags(trial))
        return run_id

    def log_steps(self, run_id: str, steps: Sequence[StepView]) -> None:
        """See TrackingStore."""
        metrics = [
            Metric(name, value, step.timestamp_ms, step.step) for step in steps for name, value in step.metrics.items()
        ]
        with self._errors():
            self._log(run_id, metrics=metrics)

    def end_trial(self, run_id: str, trial: TrialView) -> None:
        """See TrackingStore."""
        assert trial.outcome is not None, f"trial {trial.number} has not ended"
        final = presentation.trial_final_metrics(trial)
        metrics = [Metric(name, value, trial.ended_at_ms, trial.config.epochs) for name, value in final.items()]
        with self._errors():
            self._log(run_id, tags=presentation.trial_tags(trial), metrics=metrics)
            status = presentation.TRIAL_STATUSES[trial.outcome]
            self._client.set_terminated(run_id, status=status, end_time=trial.ended_at_ms)

    def end_sweep(self, run: SweepRun, sweep: SweepView) -> None:
        """See TrackingStore."""
        with self._errors():
            self._log(run.run_id, tags=presentation.sweep_tags(sweep))
            status = presentation.SWEEP_STATUSES[sweep.state]
            self._client.set_terminated(run.run_id, status=status, end_time=sweep.ended_at_ms)

    def log_report(self, run: SweepRun, files: Mapping[str, str]) -> None:
        """See TrackingStore."""
        with self._errors(), tempfile.TemporaryDirectory() as folder:
            for name, text in files.items():
                (Path(folder) / name).write_text(text, encoding="utf-8")
            self._client.log_artifacts(run.run_id, folder, "report")

    def _ensure_experiment(self, name: str) -> str:
        found = self._client.get_experiment_by_name(name)
        if found is None:
            return str(self._client.create_experiment(name))
        if found.lifecycle_stage == "deleted":
            # A deleted experiment keeps its name, so there cannot be another one.
            self._client.restore_experiment(found.experiment_id)
        return str(found.experiment_id)

    def _ensure_run(self, experiment_id: str, key: str, name: str, started_at_ms: int, *, parent_id: str | None) -> str:
        same_key = f"tags.`{presentation.RUN_KEY}` = '{key}'"
        oldest = ["attributes.start_time ASC"]
        found = self._client.search_runs([experiment_id], same_key, max_results=1, order_by=oldest)
        if found:
            return str(found[0].info.run_id)
        tags = {presentation.RUN_KEY: key} | ({MLFLOW_PARENT_RUN_ID: parent_id} if parent_id else {})
        run = self._client.create_run(experiment_id, start_time=started_at_ms, tags=tags, run_name=name)
        return str(run.info.run_id)

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

    @contextmanager
    def _errors(self) -> Iterator[None]:
        """Turns what the client raises into our two errors. A request that got no answer counts as a 500 there."""
        try:
            yield
        except MlflowException as error:
            status = error.get_http_status_code()
            # An experiment that another process has just made is found when the call is repeated.
            if status >= 500 or status in (408, 429) or error.error_code == "RESOURCE_ALREADY_EXISTS":
                raise TrackingUnavailable(f"MLflow at {self._uri} gives no usable answer: {error}") from error
            raise TrackingRefused(f"MLflow at {self._uri} refuses ({status}): {error}") from error
        except OSError as error:
            # Uploads raise the errors of requests, which are OSErrors.
            raise TrackingUnavailable(f"MLflow at {self._uri} takes no files: {error}") from error


def _limit_the_client(request_timeout_seconds: int) -> None:
    """One try of bounded length per request, since the projector tries again; nothing printed, nothing phoned home."""
    mlflow_settings.MLFLOW_HTTP_REQUEST_TIMEOUT.set(request_timeout_seconds)
    mlflow_settings.MLFLOW_HTTP_REQUEST_MAX_RETRIES.set(0)
    mlflow_settings.MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT.set(True)
    mlflow_settings.MLFLOW_DISABLE_TELEMETRY.set(True)
