"""A real MLflow server for the contract of TrackingStore, and a window onto what it shows."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fakes.tracking import ShownRun

START_SECONDS = 120
OUR_TAGS = ("supsweep.", "label.", "mlflow.note.", "mlflow.source.", "mlflow.user")


@pytest.fixture(scope="session")
def mlflow_uri() -> Iterator[str]:
    """URL of an MLflow server with a SQLite store that this run starts and ends."""
    folder = Path(tempfile.mkdtemp(prefix="mlflow", dir="/tmp"))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    stores = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "files")]
    environment = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "log").open("w") as log:
        server = subprocess.Popen(
            [*command, *stores], env=os.environ | environment, stdout=log, stderr=subprocess.STDOUT, cwd=folder
        )
    try:
        _wait_until_healthy(server, f"http://127.0.0.1:{port}/health", folder / "log")
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


class MlflowWindow:
    """Reads runs over MLflow's REST API, independently of the store under test."""

    def __init__(self, uri: str) -> None:
        self._http = httpx.Client(base_url=f"{uri}/api/2.0", timeout=30)

    def run(self, run_id: str) -> ShownRun:
        """Everything that is shown of a run."""
        run = self._get("mlflow/runs/get", run_id=run_id)["run"]
        info, data = run["info"], run["data"]
        tags = {tag["key"]: tag["value"] for tag in data.get("tags", [])}
        experiment = self._get("mlflow/experiments/get", experiment_id=info["experiment_id"])["experiment"]["name"]
        return ShownRun(
            experiment=experiment,
            name=info["run_name"],
            started_at_ms=info["start_time"],
            parent_id=tags.get("mlflow.parentRunId"),
            status=info["status"],
            ended_at_ms=info.get("end_time"),
            parameters={param["key"]: param["value"] for param in data.get("params", [])},
            tags={key: value for key, value in tags.items() if key.startswith(OUR_TAGS)},
            metrics={metric["key"]: self._history(run_id, metric["key"]) for metric in data.get("metrics", [])},
            files=self._files(info["artifact_uri"].removeprefix("mlflow-artifacts:/"), run_id, ""),
        )

    def run_ids(self, experiment: str) -> set[str]:
        """Every run of an experiment."""
        found = self._get("mlflow/experiments/get-by-name", experiment_name=experiment)["experiment"]
        body = {"experiment_ids": [found["experiment_id"]], "max_results": 1000}
        answer = self._http.post("mlflow/runs/search", json=body).raise_for_status().json()
        return {run["info"]["run_id"] for run in answer.get("runs", [])}

    def _history(self, run_id: str, key: str) -> list[tuple[int, float, int]]:
        answer = self._get("mlflow/metrics/get-history", run_id=run_id, metric_key=key, max_results=10_000)
        return sorted((one["step"], one["value"], one["timestamp"]) for one in answer["metrics"])

    def _files(self, root: str, run_id: str, folder: str) -> dict[str, str]:
        files: dict[str, str] = {}
        for entry in self._get("mlflow/artifacts/list", run_id=run_id, path=folder).get("files", []):
            if entry["is_dir"]:
                files |= self._files(root, run_id, entry["path"])
                continue
            answer = self._http.get(f"mlflow-artifacts/artifacts/{root}/{entry['path']}").raise_for_status()
            files[entry["path"]] = answer.text
        return files

    def _get(self, path: str, /, **query: Any) -> Any:
        return self._http.get(path, params=query).raise_for_status().json()


@pytest.fixture(scope="session")
def mlflow_window(mlflow_uri: str) -> MlflowWindow:
    """A window onto the session's server."""
    return MlflowWindow(mlflow_uri)


def _wait_until_healthy(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, f"the MLflow server ended: {log.read_text()}"
        try:
            if httpx.get(url, timeout=1).is_success:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError(f"the MLflow server was not ready in {START_SECONDS} s: {log.read_text()}")
