"""A Ray head, an MLflow server and the API for the benchmark, with the Ray token in its own hands."""

import asyncio
import json
import re
import secrets
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.overhead.workload import workload
from service.client.client import SupsweepClient
from service.clusters.protocol import JobSubmission
from service.clusters.ray_jobs import RayJobs
from service.embedded.api_server import api_server
from service.embedded.home import locked_home
from service.embedded.mlflow_server import mlflow_server
from service.embedded.ports import LOOPBACK, free_ports
from service.embedded.ray_head import ray_head
from service.embedded.stack import make_short_folder, running_stack

POLL_SECONDS = 0.1
LONGEST_SECONDS = 900


@dataclass(frozen=True)
class Timing:
    """One run: from its start to the end of its last trial, and what the trials themselves took, in seconds."""

    total: float
    trials: list[float]


@dataclass(frozen=True)
class Machine:
    """The running services."""

    ray_url: str
    ray_token: str
    client: SupsweepClient

    def run_bare(self, trials: int) -> Timing:
        """The bare loop as a Ray job; its own clock starts with its process, so the job costs it nothing."""
        job = JobSubmission(
            submission_id=f"bare-{secrets.token_hex(4)}",
            entrypoint=f"{sys.executable} -m benchmarks.overhead.bare {trials}",
            environment={"PYTHONPATH": str(Path.cwd())},
            metadata={},
        )
        asyncio.run(self._run_job(job))
        headers = {"Authorization": f"Bearer {self.ray_token}"}
        logs = httpx.get(f"{self.ray_url}/api/jobs/{job.submission_id}/logs", headers=headers, timeout=30).json()[
            "logs"
        ]
        found = re.search(r"RESULT (.*)", logs)
        assert found is not None, logs
        result = json.loads(found[1])
        return Timing(result["total"], result["trial_seconds"])

    def run_service(self, trials: int) -> Timing:
        """The same trials as a sweep, from its POST."""
        began_at = time.perf_counter()
        sweep = self.client.create_sweep(workload(trials))
        _wait(lambda: self.client.get_sweep(sweep.id).trials_ended == trials)
        total = time.perf_counter() - began_at
        _wait(lambda: self.client.get_sweep(sweep.id).state == "succeeded")
        rows = list(self.client.list_trials(sweep.id))
        assert all(row.outcome == "completed" and row.attempts == 1 for row in rows)
        return Timing(total, [row.device_seconds for row in rows])

    async def _run_job(self, job: JobSubmission) -> None:
        cluster = RayJobs(self.ray_url, self.ray_token)
        try:
            await cluster.submit(job)
            while not ((state := await cluster.state(job.submission_id)) and state.is_over):
                await asyncio.sleep(POLL_SECONDS)
        finally:
            await cluster.aclose()


@contextmanager
def running_machine(folder: Path) -> Iterator[Machine]:
    """Everything that `supsweep up` runs, ready; nothing of it is left afterwards."""
    ray_port, mlflow_port, api_port = free_ports(3)
    token, short_folder = secrets.token_hex(32), make_short_folder()
    ray_url, api_url = f"http://{LOOPBACK}:{ray_port}", f"http://{LOOPBACK}:{api_port}"
    with locked_home(folder) as home:
        specs = [
            ray_head(token, ray_port, short_folder, cpus=2),
            mlflow_server(home, mlflow_port),
            api_server(home, api_port, ray_url, token, f"http://{LOOPBACK}:{mlflow_port}"),
        ]
        with running_stack(home, specs, short_folder):
            key = (home.folder / "api_key").read_text().strip()
            with SupsweepClient(api_url, key) as client:
                yield Machine(ray_url, token, client)


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "the sweep takes too long"
        time.sleep(POLL_SECONDS)
