"""Every run that a real MLflow server shows, read over its REST API, independently of the service."""

from collections.abc import Iterator
from typing import Any

import httpx
from fakes.tracking import ShownRun

from service.tracking import presentation

PAGE = 1000


def read_runs(uri: str) -> list[ShownRun]:
    """Runs of the service in every experiment, with their whole curves."""
    with httpx.Client(base_url=f"{uri}/api/2.0/mlflow", timeout=60, trust_env=False) as server:
        experiments = _post(server, "experiments/search", {"max_results": PAGE}).get("experiments", [])
        names = {one["experiment_id"]: one["name"] for one in experiments}
        return [_run(server, run, names) for run in _runs(server, list(names))]


def _runs(server: httpx.Client, experiments: list[str]) -> Iterator[dict[str, Any]]:
    token: str | None = None
    while True:
        body = {"experiment_ids": experiments, "max_results": PAGE} | ({"page_token": token} if token else {})
        page = _post(server, "runs/search", body)
        for run in page.get("runs", []):
            if any(tag["key"] == presentation.SWEEP_TAG for tag in run["data"].get("tags", [])):
                yield run
        token = page.get("next_page_token")
        if not token:
            return


def _run(server: httpx.Client, run: dict[str, Any], experiments: dict[str, str]) -> ShownRun:
    info, data = run["info"], run["data"]
    tags = {tag["key"]: tag["value"] for tag in data.get("tags", [])}
    return ShownRun(
        experiment=experiments[info["experiment_id"]],
        name=info["run_name"],
        started_at_ms=info["start_time"],
        parent_id=tags.get("mlflow.parentRunId"),
        status=info["status"],
        ended_at_ms=info.get("end_time"),
        tags=tags,
        metrics={one["key"]: _curve(server, info["run_id"], one["key"]) for one in data.get("metrics", [])},
    )


def _curve(server: httpx.Client, run_id: str, metric: str) -> list[tuple[int, float, int]]:
    query = {"run_id": run_id, "metric_key": metric, "max_results": 10_000}
    points = server.get("metrics/get-history", params=query).raise_for_status().json().get("metrics", [])
    return sorted((one["step"], one["value"], one["timestamp"]) for one in points)


def _post(server: httpx.Client, path: str, body: dict[str, Any]) -> Any:
    return server.post(path, json=body).raise_for_status().json()
