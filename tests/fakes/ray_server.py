"""A Ray head over real HTTP, with the real one's oddities: what RayJobs talks to in tests that need no Ray.

    with RayServer() as ray:
        client = RayJobs(ray.url, ray.token)

It listens on a free port of the loopback interface, and passes the contract of ClusterClient through RayJobs.

**Jobs run.** `drive` is called in a thread of its own with the Job that was submitted: its environment, metadata and
entrypoint. What it does is the job: `job.print(…)` goes to the job's log; when it returns the job has SUCCEEDED, when
it raises the job has FAILED with the traceback in its log. `job.stop_wanted` is set when somebody stops the job; a
driver that ends then has been STOPPED. Without `drive` the entrypoint runs as a real process (`run_entrypoint`), in a
process group of its own that gets SIGTERM and, 3 s later, SIGKILL.

    def runner(job: Job) -> None:
        brief = RunnerBrief.model_validate_json(job.environment["SUPSWEEP_RUNNER"])
        while not job.stop_wanted.wait(0.1): ...

    with RayServer(runner) as ray: ...

**Oddities.** Always: 500 with a traceback for a second job of one submission id; 401 without a token, 403 with a wrong
one; environments of all jobs in the listing. When told, at any time, from any thread:

- `ray.stop()`: the dashboard is gone, connections are refused, the jobs run on; `ray.start()`: it is back, same port
- `ray.holds_pending = True`: jobs that are submitted from now on never leave PENDING
- `ray.refuses_jobs = True`: every submission is answered with 500 and a traceback, and no job is made
- `ray.reports(submission_id, FAILED)`: the head says so from now on, the driver runs on; a stop reaches it no more
- `ray.answer_after_seconds = 5`: every answer is slow
- `ray.loses_answers = True`: what is POSTed is carried out, its answer never comes
- `ray.fails_with = 503`: everything is answered with this status and a traceback
- `ray.forget()`: the head was started again without its memory: it knows no job any more, the drivers run on
- `ray.nodes`, `ray.used`, `ray.has_monitor`: the cluster's resources, and whether its autoscaler tells of them

**To look at**: `ray.jobs` by submission id (`job.state`, `job.log`, `job.is_driving`), `ray.requests`, `ray.driving()`.
At the end of `with` every driver is told to stop and waited for: one that does not end fails the test.
"""

import ssl
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from fakes.ray_answers import answer_request
from fakes.ray_job import Drive, Job, run_entrypoint

from service.clusters.protocol import JobState

END_SECONDS = 10.0
"""What drivers have to end when the test does."""


class RayServer:
    """A Ray head. `token` none switches authentication off; `tls` makes it speak https."""

    def __init__(
        self, drive: Drive = run_entrypoint, *, token: str | None = "t" * 64, tls: ssl.SSLContext | None = None
    ) -> None:
        self.token = token
        self.jobs: dict[str, Job] = {}
        self.requests: list[str] = []
        """`GET /api/version` and so on, in order."""
        self.holds_pending = False
        self.refuses_jobs = False
        self.loses_answers = False
        self.answer_after_seconds = 0.0
        self.fails_with: int | None = None
        self.nodes: list[dict[str, float]] = [{"CPU": 4.0, "GPU": 1.0}]
        self.used: dict[str, float] = {"CPU": 1.0, "GPU": 0.5}
        self.has_monitor = True
        self.is_away = threading.Event()
        self._drive = drive
        self._tls = tls
        self._lock = threading.Lock()
        self._drivers: list[Job] = []
        self._port = 0
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self.start()

    @property
    def url(self) -> str:
        """The base URL of the dashboard; the same after a restart."""
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def start(self) -> None:
        """Listens, on the same port as before."""
        assert self._server is None, "it listens already"
        self.is_away.clear()
        server = _Server(("127.0.0.1", self._port), _Handler)
        server.ray = self  # type: ignore[attr-defined]
        if self._tls is not None:
            server.socket = self._tls.wrap_socket(server.socket, server_side=True)
        self._server, self._port = server, server.server_port
        self._thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Refuses connections from now on; answers that have not been given are lost. Jobs run on."""
        if self._server is None or self._thread is None:
            return
        self.is_away.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._server = None

    def close(self) -> None:
        """Stops listening and ends every driver."""
        self.stop()
        for job in self._drivers:
            job.stop_wanted.set()
        for job in self._drivers:
            if job.thread is not None:
                job.thread.join(END_SECONDS)
        assert not self.driving(), f"drivers that do not end: {self.driving()}"

    def reports(self, submission_id: str, state: JobState) -> None:
        """The head says from now on that the job is in this state, whatever its driver does."""
        self.jobs[submission_id].state = state

    def forget(self) -> None:
        """The head knows no job any more."""
        self.jobs.clear()

    def driving(self) -> list[str]:
        """Ids of all jobs whose driver runs, those included that the head has forgotten."""
        return [job.submission_id for job in self._drivers if job.is_driving]

    def submit(self, body: dict[str, Any]) -> bool:
        """Whether the job was taken: its id is new."""
        job = Job(
            body["submission_id"],
            body["entrypoint"],
            (body.get("runtime_env") or {}).get("env_vars", {}),
            body.get("metadata") or {},
        )
        with self._lock:
            if job.submission_id in self.jobs:
                return False
            self.jobs[job.submission_id] = job
            self._drivers.append(job)
            if not self.holds_pending:
                job.thread = threading.Thread(target=self._supervise, args=(job,), daemon=True, name=job.submission_id)
                job.thread.start()
        return True

    def stop_job(self, job: Job) -> bool:
        """Whether there was something to stop."""
        with self._lock:
            if job.state.is_over:
                return False
            if job.thread is None:
                job.state = JobState.STOPPED
        job.stop_wanted.set()
        return True

    def _supervise(self, job: Job) -> None:
        with self._lock:
            if job.state is not JobState.PENDING:
                return
            job.state = JobState.RUNNING
        job.print(f"Running entrypoint for job {job.submission_id}: {job.entrypoint}")
        end = JobState.SUCCEEDED
        try:
            self._drive(job)
        except Exception:  # whatever it is, it is the job's
            job.print(traceback.format_exc())
            end = JobState.FAILED
        with self._lock:
            if job.state is JobState.RUNNING:
                job.state = JobState.STOPPED if job.stop_wanted.is_set() else end


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Passes over clients that have gone: tests kill them."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    def _serve(self) -> None:
        ray: RayServer = self.server.ray  # type: ignore[attr-defined]
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        ray.requests.append(f"{self.command} {self.path}")
        answer = answer_request(ray, self.command, self.path, self.headers.get("Authorization"), content)
        if ray.is_away.wait(ray.answer_after_seconds) or (ray.loses_answers and self.command == "POST"):
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", "text/plain" if isinstance(answer.body, str) else "application/json")
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_POST = _serve  # noqa: N815  # http.server looks for these names

    def log_message(self, *_arguments: object) -> None:
        """Says nothing."""
