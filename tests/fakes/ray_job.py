"""A job of the fake Ray head: what was submitted, where it stands, and the driver that carries it out."""

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from service.clusters.protocol import JobState

STOP_WAIT_SECONDS = 3.0
"""RAY_JOB_STOP_WAIT_TIME_S: between SIGTERM and SIGKILL."""


@dataclass
class Job:
    """One job that was submitted, and its driver."""

    submission_id: str
    entrypoint: str
    environment: Mapping[str, str]
    metadata: Mapping[str, str]
    state: JobState = JobState.PENDING
    """What the head says."""
    log: str = ""
    stop_wanted: threading.Event = field(default_factory=threading.Event)
    process: "subprocess.Popen[str] | None" = None
    """Of a driver that `run_entrypoint` started."""
    thread: threading.Thread | None = None

    @property
    def is_driving(self) -> bool:
        """Whether the driver runs, whatever the head says."""
        return self.thread is not None and self.thread.is_alive()

    def print(self, text: str) -> None:
        """Adds a line to the log."""
        self.log += text + "\n"


Drive = Callable[[Job], None]


def run_entrypoint(job: Job) -> None:
    """Runs the entrypoint as a real process to its end. Raises RuntimeError for another exit code than 0."""
    job.process = subprocess.Popen(
        job.entrypoint,
        shell=True,
        env=os.environ | dict(job.environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    stopper = threading.Thread(target=_stop_when_wanted, args=(job, job.process), daemon=True)
    stopper.start()
    assert job.process.stdout is not None
    for line in job.process.stdout:
        job.print(line.rstrip("\n"))
    if job.process.wait() != 0:
        raise RuntimeError(f"the entrypoint ended with exit code {job.process.returncode}")


def _stop_when_wanted(job: Job, process: "subprocess.Popen[str]") -> None:
    while not job.stop_wanted.wait(0.05):
        if process.poll() is not None:
            return
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(STOP_WAIT_SECONDS)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
