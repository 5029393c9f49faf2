"""Ray's Jobs API seen through lost answers, refusals and strangers at its address: a scripted server on loopback."""

import json
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from service.clusters import ray_jobs
from service.clusters.protocol import ClusterRefused, ClusterUnreachable, JobLog, JobState, JobSubmission
from service.clusters.ray_jobs import RayJobs
from service.embedded.ports import free_ports

JOB = JobSubmission("job-1", "true", {"TOKEN": "secret"}, {})
Answer = tuple[int, str]
LOST: Answer = (0, "")
KNOWN: Answer = (200, json.dumps({"status": "RUNNING"}))
UNKNOWN: Answer = (404, "Job job-1 does not exist")
TRACEBACK: Answer = (500, "Traceback (most recent call last):\n  ...\nRuntimeError: no agent")


class Script:
    """Answers by method and path; LOST closes the connection once the request has been read."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.requests: list[tuple[str, str | None, bytes]] = []


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def address(script: Script) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            call = f"{self.command} {self.path}"
            script.requests.append((call, self.headers.get("Authorization"), body))
            status, text = script.answers[call]
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
async def ray(address: str) -> AsyncIterator[RayJobs]:
    client = RayJobs(address, "the-token")
    yield client
    await client.aclose()


async def test_a_submission_sends_the_token_and_the_whole_job(ray: RayJobs, script: Script) -> None:
    script.answers["POST /api/jobs/"] = (200, "{}")
    await ray.submit(JobSubmission("job-1", "python -m x", {"A": "1"}, {"b": "2"}))
    [(_, authorization, body)] = script.requests
    assert authorization == "Bearer the-token"
    assert json.loads(body) == {
        "submission_id": "job-1",
        "entrypoint": "python -m x",
        "runtime_env": {"env_vars": {"A": "1"}},
        "metadata": {"b": "2"},
    }


@pytest.mark.parametrize("answer", [LOST, TRACEBACK, (400, "ValueError: already exists")])
async def test_a_submission_without_a_good_answer_is_fine_when_the_job_is_there(
    ray: RayJobs, script: Script, answer: Answer
) -> None:
    script.answers |= {"POST /api/jobs/": answer, "GET /api/jobs/job-1": KNOWN}
    await ray.submit(JOB)


@pytest.mark.parametrize(
    ("answer", "error", "sentence"),
    [
        (LOST, ClusterUnreachable, "does not answer"),
        (TRACEBACK, ClusterUnreachable, "answered 500: RuntimeError: no agent"),
        ((400, "ValueError: bad runtime_env"), ClusterRefused, "answered 400: ValueError: bad runtime_env"),
        ((405, "405: Method Not Allowed"), ClusterRefused, "answered 405"),
    ],
)
async def test_a_submission_fails_by_its_own_answer_when_the_job_is_not_there(
    ray: RayJobs, script: Script, answer: Answer, error: type[Exception], sentence: str
) -> None:
    script.answers |= {"POST /api/jobs/": answer, "GET /api/jobs/job-1": UNKNOWN}
    with pytest.raises(error, match=sentence):
        await ray.submit(JOB)


async def test_a_job_whose_state_cannot_be_learnt_is_not_called_unknown(ray: RayJobs, script: Script) -> None:
    for answer in (LOST, TRACEBACK):
        script.answers["GET /api/jobs/job-1"] = answer
        with pytest.raises(ClusterUnreachable):
            await ray.state("job-1")


@pytest.mark.parametrize("answer", [(404, "<h1>Not Found</h1>"), (200, "<h1>Welcome</h1>"), (200, '{"status": "NEW"}')])
async def test_a_stranger_at_the_address_is_refused_with_the_setting_to_mend(
    ray: RayJobs, script: Script, answer: Answer
) -> None:
    script.answers["GET /api/jobs/job-1"] = answer
    with pytest.raises(ClusterRefused, match=r"does not answer like Ray's Jobs API.*SUPSWEEP_CLUSTERS"):
        await ray.state("job-1")


async def test_a_stop_that_comes_after_the_end_is_not_sent(ray: RayJobs, script: Script) -> None:
    script.answers["GET /api/jobs/job-1"] = (200, json.dumps({"status": JobState.FAILED}))
    await ray.stop("job-1")
    assert [call for call, _, _ in script.requests] == ["GET /api/jobs/job-1"]


async def test_nobody_at_the_address_is_unreachable() -> None:
    ray = RayJobs(f"http://127.0.0.1:{free_ports(1)[0]}", None)
    with pytest.raises(ClusterUnreachable, match="does not answer"):
        await ray.check()
    await ray.aclose()


async def test_no_secret_is_in_what_is_printed_of_a_job() -> None:
    assert "secret" not in repr(JOB)


@pytest.mark.parametrize("most_bytes", range(24, 44))
async def test_a_log_that_is_too_long_is_read_from_its_beginning(
    ray: RayJobs, script: Script, monkeypatch: pytest.MonkeyPatch, most_bytes: int
) -> None:
    monkeypatch.setattr(ray_jobs, "MOST_LOG_BYTES", most_bytes)
    text = 'one\ntwo "three" \\ \u00e9\U0001f600\nand so on'
    script.answers["GET /api/jobs/job-1/logs"] = (200, json.dumps({"logs": text}))
    printed = await ray.logs("job-1")
    assert printed is not None
    assert printed.is_cut
    assert text.startswith(printed.text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore"))
    assert len(printed.text) >= 6


async def test_a_log_as_long_as_may_be_is_whole(ray: RayJobs, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.dumps({"logs": "one\n"})
    monkeypatch.setattr(ray_jobs, "MOST_LOG_BYTES", len(body))
    script.answers["GET /api/jobs/job-1/logs"] = (200, body)
    assert await ray.logs("job-1") == JobLog("one\n")


async def test_no_more_of_a_log_is_fetched_than_is_read(ray: RayJobs, script: Script) -> None:
    script.answers["GET /api/jobs/job-1/logs"] = (200, json.dumps({"logs": "a line\n" * 2**22}))
    printed = await ray.logs("job-1")
    assert printed is not None
    assert printed.is_cut
    assert len(printed.text) < ray_jobs.MOST_LOG_BYTES
