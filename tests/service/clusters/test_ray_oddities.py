"""RayJobs against a head with the real one's oddities, over real HTTP."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest
from fakes.ray_job import Job
from fakes.ray_server import RayServer

from service.clusters.protocol import ClusterUnreachable, JobState, JobSubmission
from service.clusters.ray_jobs import RayJobs

JOB = JobSubmission("job-1", "python -m trainers.runner", {"SUPSWEEP_RUNNER_TOKEN": "secret"}, {"supsweep_runner": "r"})
PATIENCE_SECONDS = 10.0


class Runner:
    """A scripted driver: it tells that it has begun, and ends when it is let go or stopped."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.has_begun = threading.Event()
        self.may_end = threading.Event()

    def __call__(self, job: Job) -> None:
        self.jobs.append(job)
        self.has_begun.set()
        while not job.stop_wanted.wait(0.01) and not self.may_end.is_set():
            pass


@pytest.fixture
def runner() -> Runner:
    return Runner()


@pytest.fixture
def ray(runner: Runner) -> Iterator[RayServer]:
    with RayServer(runner) as server:
        yield server


@pytest.fixture
async def client(ray: RayServer) -> AsyncIterator[RayJobs]:
    client = RayJobs(ray.url, ray.token)
    yield client
    await client.aclose()


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.01)


async def test_a_job_is_driven_with_what_was_submitted(ray: RayServer, client: RayJobs, runner: Runner) -> None:
    await client.submit(JOB)
    await until(runner.has_begun.is_set)
    assert runner.jobs[0].environment == JOB.environment
    assert runner.jobs[0].metadata == JOB.metadata
    assert await client.state("job-1") is JobState.RUNNING
    runner.may_end.set()
    await until(lambda: ray.jobs["job-1"].state is JobState.SUCCEEDED)


async def test_an_answer_that_is_lost_is_found_out_and_the_job_runs_once(
    ray: RayServer, client: RayJobs, runner: Runner
) -> None:
    ray.loses_answers = True
    await client.submit(JOB)
    ray.loses_answers = False
    await client.submit(JOB)
    await until(runner.has_begun.is_set)
    assert len(runner.jobs) == 1


async def test_a_head_that_is_away_says_nothing_and_its_jobs_run_on(
    ray: RayServer, client: RayJobs, runner: Runner
) -> None:
    await client.submit(JOB)
    await until(runner.has_begun.is_set)
    ray.stop()
    with pytest.raises(ClusterUnreachable, match="does not answer"):
        await client.state("job-1")
    assert ray.driving() == ["job-1"]
    ray.start()
    assert await client.state("job-1") is JobState.RUNNING


async def test_a_job_may_stay_pending_for_ever_and_can_be_stopped(ray: RayServer, client: RayJobs) -> None:
    ray.holds_pending = True
    await client.submit(JOB)
    assert await client.state("job-1") is JobState.PENDING
    assert ray.driving() == []
    await client.stop("job-1")
    assert await client.state("job-1") is JobState.STOPPED


async def test_a_job_that_is_called_failed_may_run_on_where_no_stop_reaches_it(
    ray: RayServer, client: RayJobs, runner: Runner
) -> None:
    await client.submit(JOB)
    await until(runner.has_begun.is_set)
    ray.reports("job-1", JobState.FAILED)
    await client.stop("job-1")
    assert await client.state("job-1") is JobState.FAILED
    assert ray.driving() == ["job-1"]


async def test_a_head_without_memory_knows_no_job_although_it_runs(
    ray: RayServer, client: RayJobs, runner: Runner
) -> None:
    await client.submit(JOB)
    await until(runner.has_begun.is_set)
    ray.forget()
    assert await client.state("job-1") is None
    assert ray.driving() == ["job-1"]


async def test_a_slow_answer_is_waited_for_until_the_head_goes_away(ray: RayServer, client: RayJobs) -> None:
    ray.answer_after_seconds = 600.0
    call = asyncio.create_task(client.check())
    await until(lambda: ray.requests == ["GET /api/version"])
    await asyncio.to_thread(ray.stop)
    with pytest.raises(ClusterUnreachable):
        await call


async def test_an_agent_that_is_missing_is_unreachable_with_the_last_line(ray: RayServer, client: RayJobs) -> None:
    ray.fails_with = 500
    with pytest.raises(ClusterUnreachable, match="answered 500: RuntimeError: no agent is there"):
        await client.check()


@pytest.mark.parametrize("has_monitor", [True, False])
async def test_what_is_free_is_told_with_an_autoscaler_and_without(
    ray: RayServer, client: RayJobs, *, has_monitor: bool
) -> None:
    ray.has_monitor = has_monitor
    ray.nodes, ray.used = [{"CPU": 4.0, "GPU": 1.0}, {"CPU": 2.0}], {"CPU": 1.0, "GPU": 0.5}
    seen = await client.check()
    assert (seen.nodes, seen.cpus_total, seen.cpus_free) == (2, 6.0, 5.0)
    assert (seen.gpus_total, seen.gpus_free) == (1.0, 0.5)


async def test_a_job_that_prints_the_clusters_token_does_not_tell_it(
    ray: RayServer, client: RayJobs, runner: Runner
) -> None:
    await client.submit(JOB)
    await until(runner.has_begun.is_set)
    ray.jobs["job-1"].print(f"RAY_AUTH_TOKEN is {ray.token}")
    printed = await client.logs("job-1")
    assert printed is not None
    assert "RAY_AUTH_TOKEN is <redacted>" in printed.text
