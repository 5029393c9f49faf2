"""The contract of ClusterClient. A real Ray head that this run starts and ends, a head that only speaks like one, and
the fake in memory pass the same tests."""

import asyncio
import secrets
import signal
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from fakes.clusters import FakeClusterClient
from fakes.ray_server import RayServer

from service.clusters.protocol import (
    ClusterClient,
    ClusterRefused,
    ClusterUnreachable,
    JobState,
    JobSubmission,
    ListedJob,
)
from service.clusters.ray_jobs import RayJobs
from service.embedded.home import Home
from service.embedded.ports import free_ports
from service.embedded.ray_head import ray_head
from service.embedded.signals import ENDING_SIGNALS
from service.embedded.stack import make_short_folder, running_stack

JOB_SECONDS = 60
WORDS = "trained to the end"
ENTRYPOINTS = {JobState.RUNNING: "sleep 600", JobState.SUCCEEDED: f"echo {WORDS}", JobState.FAILED: "exit 3"}


@dataclass(frozen=True)
class RayAddress:
    url: str
    token: str


@pytest.fixture(scope="module")
def ray_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayAddress]:
    """A Ray head with token authentication, as `supsweep up` starts it."""
    home = Home(tmp_path_factory.mktemp("home"))
    home.logs.mkdir()
    (port,) = free_ports(1)
    address = RayAddress(f"http://127.0.0.1:{port}", secrets.token_hex(32))
    folder = make_short_folder()
    handlers = {number: signal.getsignal(number) for number in ENDING_SIGNALS}
    with running_stack(home, [ray_head(address.token, port, folder, cpus=2)], folder):
        yield address
    # The end of a stack ignores them from then on; the test run does not.
    for number, handler in handlers.items():
        signal.signal(number, handler)


class Subject(Protocol):
    """A cluster under test, and how its jobs come into a state."""

    client: ClusterClient

    async def reaches(self, submission_id: str, state: JobState) -> None:
        """Returns when the job of ENTRYPOINTS[state] is in that state."""


@dataclass
class FakeSubject:
    client: FakeClusterClient

    async def reaches(self, submission_id: str, state: JobState) -> None:
        self.client.becomes(submission_id, state)
        if state is JobState.SUCCEEDED:
            self.client.prints(submission_id, f"{WORDS}\n")


@dataclass
class RaySubject:
    client: RayJobs

    async def reaches(self, submission_id: str, state: JobState) -> None:
        deadline = time.monotonic() + JOB_SECONDS
        while (now := await self.client.state(submission_id)) is not state:
            assert time.monotonic() < deadline, f"{submission_id} is {now}, not {state}, after {JOB_SECONDS} s"
            await asyncio.sleep(0.1)


@pytest.fixture
def ray_server() -> Iterator[RayServer]:
    """A head that speaks like Ray's and runs entrypoints as processes."""
    with RayServer() as server:
        yield server


@pytest.fixture(params=["fake", "server", pytest.param("ray", marks=[pytest.mark.ray, pytest.mark.slow])])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    if request.param == "fake":
        yield FakeSubject(FakeClusterClient())
        return
    head: RayAddress | RayServer = request.getfixturevalue("ray_server" if request.param == "server" else "ray_address")
    client = RayJobs(head.url, head.token)
    yield RaySubject(client)
    await client.aclose()


def a_job(entrypoint: str, **environment: str) -> JobSubmission:
    return JobSubmission(f"job-{secrets.token_hex(6)}", entrypoint, environment, {"kind": "test"})


def calls(client: ClusterClient) -> list[Coroutine[Any, Any, Any]]:
    """Every call of a client, not yet made."""
    about_a_job = [client.state("any"), client.stop("any"), client.logs("any"), client.submit(a_job("true"))]
    return [client.check(), client.list_jobs(), *about_a_job]


async def submitted(subject: Subject, state: JobState) -> str:
    """Id of a job that has been submitted and is in `state`."""
    job = a_job(ENTRYPOINTS[state])
    await subject.client.submit(job)
    await subject.reaches(job.submission_id, state)
    return job.submission_id


async def test_the_cluster_answers_lets_us_in_and_tells_what_it_has(subject: Subject) -> None:
    deadline = time.monotonic() + JOB_SECONDS
    # A head answers before it has become a node of its own cluster.
    while not (sighting := await subject.client.check()).nodes:
        assert time.monotonic() < deadline, f"no node after {JOB_SECONDS} s"
        await asyncio.sleep(0.1)
    assert sighting.nodes == 1
    assert sighting.ray_version.startswith("2.")
    assert 0 < sighting.cpus_free <= sighting.cpus_total
    assert 0 <= sighting.gpus_free <= sighting.gpus_total


async def test_a_job_that_was_never_submitted_has_no_state(subject: Subject) -> None:
    assert await subject.client.state("never-submitted") is None


async def test_a_submitted_job_is_known_at_once(subject: Subject) -> None:
    job = a_job("true")
    await subject.client.submit(job)
    assert await subject.client.state(job.submission_id) is not None


@pytest.mark.parametrize("state", [JobState.SUCCEEDED, JobState.FAILED])
async def test_a_job_ends_by_its_exit_code(subject: Subject, state: JobState) -> None:
    ended = await subject.client.state(await submitted(subject, state))
    assert ended is state
    assert ended.is_over


async def test_a_running_job_is_not_over(subject: Subject) -> None:
    submission_id = await submitted(subject, JobState.RUNNING)
    running = await subject.client.state(submission_id)
    assert running is not None
    assert not running.is_over
    await subject.client.stop(submission_id)


async def test_a_second_submission_of_the_same_id_is_accepted_and_changes_nothing(subject: Subject) -> None:
    submission_id = await submitted(subject, JobState.SUCCEEDED)
    await subject.client.submit(JobSubmission(submission_id, "exit 3", {}, {}))
    assert await subject.client.state(submission_id) is JobState.SUCCEEDED


async def test_a_running_job_is_stopped(subject: Subject) -> None:
    submission_id = await submitted(subject, JobState.RUNNING)
    await subject.client.stop(submission_id)
    await subject.reaches(submission_id, JobState.STOPPED)


async def test_stopping_twice_is_fine(subject: Subject) -> None:
    submission_id = await submitted(subject, JobState.RUNNING)
    await subject.client.stop(submission_id)
    await subject.client.stop(submission_id)
    await subject.reaches(submission_id, JobState.STOPPED)


async def test_stopping_a_job_that_has_ended_changes_nothing(subject: Subject) -> None:
    submission_id = await submitted(subject, JobState.SUCCEEDED)
    await subject.client.stop(submission_id)
    assert await subject.client.state(submission_id) is JobState.SUCCEEDED


async def test_stopping_an_unknown_job_is_fine(subject: Subject) -> None:
    await subject.client.stop("never-submitted")


async def test_what_a_job_printed_can_be_read_after_its_end(subject: Subject) -> None:
    printed = await subject.client.logs(await submitted(subject, JobState.SUCCEEDED))
    assert printed is not None
    assert WORDS in printed.text
    assert not printed.is_cut


async def test_the_log_of_a_running_job_is_there(subject: Subject) -> None:
    submission_id = await submitted(subject, JobState.RUNNING)
    assert await subject.client.logs(submission_id) is not None
    await subject.client.stop(submission_id)


async def test_a_job_that_was_never_submitted_has_no_log(subject: Subject) -> None:
    assert await subject.client.logs("never-submitted") is None


async def test_submitted_jobs_are_listed_with_their_states_and_metadata(subject: Subject) -> None:
    running, ended = [await submitted(subject, state) for state in (JobState.RUNNING, JobState.SUCCEEDED)]
    listed = {job.submission_id: job for job in await subject.client.list_jobs()}
    assert listed[running] == ListedJob(running, JobState.RUNNING, {"kind": "test"})
    assert listed[ended] == ListedJob(ended, JobState.SUCCEEDED, {"kind": "test"})
    await subject.client.stop(running)


async def test_nothing_of_an_environment_is_in_the_list(subject: Subject) -> None:
    job = a_job("true", SECRET="do-not-tell")
    await subject.client.submit(job)
    assert "do-not-tell" not in repr(await subject.client.list_jobs())


@pytest.mark.ray
@pytest.mark.slow
async def test_a_job_runs_once_with_its_environment(ray_address: RayAddress, tmp_path: Path) -> None:
    client = RayJobs(ray_address.url, ray_address.token)
    subject = RaySubject(client)
    job = a_job(f'echo "$GREETING" >> {tmp_path}/said', GREETING="hello from the ledger")
    await client.submit(job)
    await client.submit(job)
    await subject.reaches(job.submission_id, JobState.SUCCEEDED)
    await client.aclose()
    assert (tmp_path / "said").read_text() == "hello from the ledger\n"


@pytest.mark.parametrize("head", ["ray_server", pytest.param("ray_address", marks=[pytest.mark.ray, pytest.mark.slow])])
@pytest.mark.parametrize("token", [None, "0" * 64])
async def test_a_missing_or_wrong_token_is_refused_with_what_to_do(
    request: pytest.FixtureRequest, head: str, token: str | None
) -> None:
    client = RayJobs(request.getfixturevalue(head).url, token)
    for call in calls(client):
        with pytest.raises(ClusterRefused, match=r"refuses our token.*RAY_AUTH_TOKEN"):
            await call
    await client.aclose()


@pytest.mark.parametrize("error", [ClusterUnreachable("away"), ClusterRefused("no")])
async def test_the_fake_fails_when_told(error: ClusterUnreachable | ClusterRefused) -> None:
    fake = FakeClusterClient()
    fake.fails_with = error
    for call in calls(fake):
        with pytest.raises(type(error)):
            await call


async def test_the_fake_carries_out_what_it_loses_the_answer_of() -> None:
    fake = FakeClusterClient()
    fake.loses_answers = True
    job = a_job("true")
    with pytest.raises(ClusterUnreachable):
        await fake.submit(job)
    assert await fake.state(job.submission_id) is JobState.PENDING


HOLD_A_CPU = """
import time
import ray
from ray.util.placement_group import placement_group

ray.init()
group = placement_group([{"CPU": 1}])
ray.get(group.ready())
print("held", flush=True)
time.sleep(600)
"""


@pytest.mark.ray
@pytest.mark.slow
async def test_what_a_trial_holds_on_a_real_head_is_not_free(ray_address: RayAddress, tmp_path: Path) -> None:
    client = RayJobs(ray_address.url, ray_address.token)
    (tmp_path / "hold.py").write_text(HOLD_A_CPU)
    job = a_job(f"python {tmp_path}/hold.py")
    await client.submit(job)
    deadline = time.monotonic() + JOB_SECONDS
    while (printed := await client.logs(job.submission_id)) is None or "held" not in printed.text:
        assert time.monotonic() < deadline, printed
        await asyncio.sleep(0.2)
    seen = await client.check()
    assert (seen.cpus_total, seen.cpus_free) == (2.0, 1.0)
    await client.stop(job.submission_id)
    await client.aclose()
