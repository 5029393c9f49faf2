"""How MLflow's server is called: bounded requests, errors in our words, and the one call that its client lacks."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from mlflow import MlflowException
from mlflow import environment_variables as mlflow_settings
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.rest_utils import http_request_safe

from service.tracking.presentation import without_credentials
from service.tracking.protocol import RunGone, TrackingRefused, TrackingUnavailable

MOST_RUNS = 100
MOST_POINTS = 25_000
"""Limits of a request for curves. Longer curves are counted in requests of fewer runs."""
INACTIVE = "must be in the 'active' state"
"""What MLflow says of a deleted run, under the code of any invalid parameter."""


def limit_the_client(request_timeout_seconds: int) -> None:
    """One try of bounded length per request, since callers try again; nothing printed, nothing phoned home.

    These are settings of the whole process.
    """
    mlflow_settings.MLFLOW_HTTP_REQUEST_TIMEOUT.set(request_timeout_seconds)
    mlflow_settings.MLFLOW_HTTP_REQUEST_MAX_RETRIES.set(0)
    mlflow_settings.MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT.set(True)
    mlflow_settings.MLFLOW_DISABLE_TELEMETRY.set(True)


@contextmanager
def told_errors(uri: str) -> Iterator[None]:
    """Turns what the client raises into our errors. A request that got no answer counts as a 500 there."""
    server = without_credentials(uri)
    try:
        yield
    except MlflowException as error:
        status, words = error.get_http_status_code(), str(error).replace(uri, server)
        # An experiment that another process has just made is found when the call is repeated.
        if status >= 500 or status in (408, 429) or error.error_code == "RESOURCE_ALREADY_EXISTS":
            raise TrackingUnavailable(f"MLflow at {server} gives no usable answer: {words}") from error
        if error.error_code == "RESOURCE_DOES_NOT_EXIST" or INACTIVE in words:
            raise RunGone(f"MLflow at {server} has it no more: {words}") from error
        raise TrackingRefused(f"MLflow at {server} refuses ({status}): {words}") from error
    except OSError as error:
        # Uploads raise the errors of requests, which are OSErrors.
        words = str(error).replace(uri, server)
        raise TrackingUnavailable(f"MLflow at {server} takes no files: {words}") from error


def count_points(uri: str, run_ids: Sequence[str], metrics: Collection[str]) -> dict[str, dict[str, int]]:
    """See TrackingStore. MLflow's client can only ask for one curve of one run; its user interface asks so."""
    counts: dict[str, dict[str, int]] = {}
    for metric in sorted(metrics):
        for some_ids in _batches(run_ids, MOST_RUNS):
            for run_id, count in _count(uri, some_ids, metric).items():
                counts.setdefault(run_id, {})[metric] = count
    return counts


def _count(uri: str, run_ids: Sequence[str], metric: str) -> Counter[str]:
    query: dict[str, Any] = {"run_id": run_ids, "metric_key": metric, "max_results": MOST_POINTS}
    path = "/ajax-api/2.0/mlflow/metrics/get-history-bulk"
    points = http_request_safe(get_default_host_creds(uri), path, "GET", params=query).json()["metrics"]
    if len(points) < MOST_POINTS or len(run_ids) == 1:
        return Counter(point["run_id"] for point in points)
    half = len(run_ids) // 2
    return _count(uri, run_ids[:half], metric) + _count(uri, run_ids[half:], metric)


def _batches(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    yield from (items[start : start + size] for start in range(0, len(items), size))
