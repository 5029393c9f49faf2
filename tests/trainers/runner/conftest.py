"""A ledger over real HTTP that plays what a test wants, a clock that tests turn, and a small Ray cluster."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fakes.s3 import CREDENTIALS

from search_spaces.datasets import DatasetSpec
from search_spaces.runner_protocol import RunnerBrief, StepResult, TrialAssignment, TrialEnding
from search_spaces.sweep_spec import Evaluation, Resources
from search_spaces.trial_config import TrialConfig


@dataclass
class Clock:
    """Seconds that pass when a test says so."""

    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds

    def turn(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def assignment() -> Callable[..., TrialAssignment]:
    """Makes the assignment of a trial by its number."""

    def make(number: int = 0, attempt: int = 1, epochs: int = 2, **changes: Any) -> TrialAssignment:
        values = {
            "number": number,
            "arm": "cross_entropy",
            "attempt": attempt,
            "config": TrialConfig(objective="cross_entropy", epochs=epochs, seed=number),
            "dataset": DatasetSpec(name="digits"),
            "evaluation": Evaluation(),
        }
        return TrialAssignment.model_validate({**values, **changes})

    return make


@pytest.fixture
def step() -> Callable[..., StepResult]:
    """Makes the result of an epoch."""

    def make(tune_trial_id: str, number: int = 1) -> StepResult:
        return StepResult(
            tune_trial_id=tune_trial_id,
            step=number,
            metrics={"train_loss": 1.0},
            image_passes=number,
            device_seconds=1.0,
            attempt_device_seconds=1.0,
        )

    return make


@pytest.fixture
def completed() -> Callable[[str], TrialEnding]:
    """Makes the ending of a trial that went well."""

    def make(tune_trial_id: str) -> TrialEnding:
        return TrialEnding(
            tune_trial_id=tune_trial_id, outcome="completed", scores={"val_top1": 0.9}, attempt_device_seconds=1.0
        )

    return make


@dataclass
class PlayedLedger:
    """Plans trials, counts what is reported once per sequence, plans lost ones again, and misbehaves on demand."""

    planned: deque[TrialAssignment] = field(default_factory=deque)
    max_concurrent: int = 2
    faults: deque[str] = field(default_factory=deque)
    """What happens to the next calls: "drop" before or "lose" after counting, or a status."""
    is_away: bool = False
    is_fenced: bool = False
    is_draining: bool = False
    gives_at_most: int = 10**9
    """How many trials are given before the ledger says to wait."""
    stopped: set[int] = field(default_factory=set)
    """Numbers of trials that are stopped at their next result."""

    given: dict[str, TrialAssignment] = field(default_factory=dict)
    open: dict[str, TrialAssignment] = field(default_factory=dict)
    asks: list[str] = field(default_factory=list)
    tries: list[dict[str, Any]] = field(default_factory=list)
    """Every report that arrived, counted or not."""
    reports: list[dict[str, Any]] = field(default_factory=list)
    """Every report that was counted."""
    tokens: set[str | None] = field(default_factory=set)
    changed: threading.Condition = field(default_factory=threading.Condition)
    server: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def plan(self, *assignments: TrialAssignment) -> None:
        self.planned.extend(assignments)

    def news(self, kind: str) -> list[dict[str, Any]]:
        """All that was counted of "results", "outcomes" or "lost", in order."""
        return [item for report in self.reports for item in report[kind]]

    def numbers(self, kind: str) -> list[int]:
        """Numbers of the trials that are spoken of in this kind of news."""
        return [self.given[item["tune_trial_id"]].number for item in self.news(kind)]

    def wait_for(self, predicate: Callable[[], bool], seconds: float = 60) -> None:
        """Returns once the predicate is true; asked again after every call."""
        with self.changed:
            assert self.changed.wait_for(predicate, seconds), f"it did not happen: {self}"

    def answer(self, path: str, token: str | None, body: dict[str, Any]) -> tuple[int, dict[str, Any]] | None:
        """Status and document; None drops the connection."""
        with self.changed:
            self.tokens.add(token)
            if path.endswith("report"):
                self.tries.append(body)
            fault = "drop" if self.is_away else self.faults.popleft() if self.faults else None
            try:
                if fault == "drop":
                    return None
                if self.is_fenced:
                    return 409, {"code": "runner_fenced", "detail": "fenced by the test"}
                if fault is not None and fault != "lose":
                    return int(fault), {"detail": "played"}
                answer = self._ask(body["tune_trial_id"]) if path.endswith("ask") else self._report(body)
                return None if fault == "lose" else (200, answer)
            finally:
                self.changed.notify_all()

    def _ask(self, name: str) -> dict[str, Any]:
        self.asks.append(name)
        if name not in self.given:
            if not self.planned and not self.open:
                return {"kind": "finished"}
            is_full = len(self.open) >= self.max_concurrent or len(self.given) >= self.gives_at_most
            if not self.planned or is_full:
                return {"kind": "wait", "seconds": 0.1 if self.gives_at_most == len(self.given) else 60}
            self.given[name] = self.open[name] = self.planned.popleft()
        return self.given[name].model_dump(mode="json")

    def _report(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["sequence"] == len(self.reports) + 1:
            self.reports.append(body)
            for ending in body["outcomes"]:
                del self.open[ending["tune_trial_id"]]
            for loss in body["lost"]:
                lost = self.open.pop(loss["tune_trial_id"])
                self.planned.appendleft(lost.model_copy(update={"attempt": lost.attempt + 1}))
        reporting = {result["tune_trial_id"] for result in body["results"]}
        stop = [name for name in reporting if self.given[name].number in self.stopped]
        for name in stop:
            self.open.pop(name, None)
        return {"stop": stop, "drain": self.is_draining}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        ledger: PlayedLedger = self.server.ledger  # type: ignore[attr-defined]
        answer = ledger.answer(self.path, self.headers["Authorization"], body)
        if answer is None:
            self.close_connection = True
            return
        status, document = answer
        content = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def ledger() -> Iterator[PlayedLedger]:
    played = PlayedLedger()
    played.server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    played.server.ledger = played
    thread = threading.Thread(target=played.server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield played
    played.server.shutdown()
    thread.join()
    played.server.server_close()


@pytest.fixture
def brief(ledger: PlayedLedger, tmp_path: Path) -> Callable[..., RunnerBrief]:
    """Makes the brief of a runner that serves the played ledger."""

    def make(**changes: Any) -> RunnerBrief:
        values = {
            "runner_id": "sweep-1",
            "sweep_id": "sweep",
            "service_url": ledger.url,
            "storage": str(tmp_path / "storage"),
            "dataset": DatasetSpec(name="digits"),
            "resources": Resources(),
            "heartbeat_seconds": 5.0,
            "patience_seconds": 60.0,
        }
        return RunnerBrief.model_validate({**values, **changes})

    return make


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster of this test run: its head is the child of one process."""

    process: subprocess.Popen[str]
    folder: Path
    environment: dict[str, str]


_HEAD = """
import sys, ray
head = ray.init(num_cpus=2, include_dashboard=False, _temp_dir=sys.argv[1], object_store_memory=80_000_000)
print(head.address_info["address"], flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    # A short path: a socket's may not be longer than 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="ray", dir="/tmp"))
    environment = {
        **os.environ,
        **CREDENTIALS,
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": "ab" * 32,
        "RAY_USAGE_STATS_ENABLED": "0",
        "OMP_NUM_THREADS": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", _HEAD, str(folder)],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert address, "the Ray cluster did not start"
    yield Cluster(process, folder, {**environment, "RAY_ADDRESS": address})
    process.communicate(timeout=60)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def start_runner(cluster: Cluster) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts a runner as the Ray job does, or with a stand-in for the training."""
    started: list[subprocess.Popen[str]] = []

    def start(brief: RunnerBrief, *command: str) -> subprocess.Popen[str]:
        secrets = {"SUPSWEEP_RUNNER": brief.model_dump_json(), "SUPSWEEP_RUNNER_TOKEN": "a-secret-that-belongs-nowhere"}
        process = subprocess.Popen(
            [sys.executable, *(command or ("-m", "trainers.runner"))],
            env={**cluster.environment, **secrets},
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.communicate()
