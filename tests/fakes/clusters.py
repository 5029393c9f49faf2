"""A cluster in memory: held to the contract of ClusterClient, and told by a test what happens to its jobs."""

import asyncio

from service.clusters.protocol import (
    ClusterRefused,
    ClusterUnreachable,
    JobLog,
    JobState,
    JobSubmission,
    ListedJob,
    Sighting,
)


class FakeClusterClient:
    """Jobs wait as PENDING until the test moves them with `becomes`."""

    def __init__(self) -> None:
        self.jobs: dict[str, JobSubmission] = {}
        self.states: dict[str, JobState] = {}
        self.printed: dict[str, str] = {}
        self.most_characters = 10**9
        """Of a log that anybody reads."""
        self.log_reads = 0
        self.sighting = Sighting("2.60.0", nodes=1, cpus_total=4.0, cpus_free=3.0, gpus_total=1.0, gpus_free=0.5)
        """What `check` sees."""
        self.fails_with: ClusterUnreachable | ClusterRefused | None = None
        """Raised by every call while it is set."""
        self.hangs = False
        """While set, no submission is ever answered."""
        self.loses_answers = False
        """While set, a submission or a stop is carried out and its answer is lost."""

    def becomes(self, submission_id: str, state: JobState) -> None:
        """Moves a job to a state, as its cluster would."""
        self.states[submission_id] = state

    def prints(self, submission_id: str, text: str) -> None:
        """Adds to the log of a job."""
        self.printed[submission_id] += text

    async def submit(self, job: JobSubmission) -> None:
        self._answer()
        if self.hangs:
            await asyncio.Event().wait()
        if job.submission_id not in self.jobs:
            self.jobs[job.submission_id] = job
            self.states[job.submission_id] = JobState.PENDING
            self.printed[job.submission_id] = ""
        self._lose_answer()

    async def state(self, submission_id: str) -> JobState | None:
        self._answer()
        return self.states.get(submission_id)

    async def stop(self, submission_id: str) -> None:
        self._answer()
        state = self.states.get(submission_id)
        if state is not None and not state.is_over:
            self.states[submission_id] = JobState.STOPPED
        self._lose_answer()

    async def logs(self, submission_id: str) -> JobLog | None:
        self._answer()
        self.log_reads += 1
        printed = self.printed.get(submission_id)
        return None if printed is None else JobLog(printed[: self.most_characters], len(printed) > self.most_characters)

    async def list_jobs(self) -> list[ListedJob]:
        self._answer()
        return [ListedJob(name, self.states[name], job.metadata) for name, job in self.jobs.items()]

    async def check(self) -> Sighting:
        self._answer()
        return self.sighting

    async def aclose(self) -> None:
        pass

    def _answer(self) -> None:
        if self.fails_with is not None:
            raise self.fails_with

    def _lose_answer(self) -> None:
        if self.loses_answers:
            raise ClusterUnreachable("the answer was lost")
