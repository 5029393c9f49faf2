"""What the service needs of a cluster: submit a job, see it, read its log, stop it. Every call may be repeated."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class ClusterUnreachable(Exception):
    """The cluster gave no usable answer. It says nothing about the job, which may run on."""


class ClusterRefused(Exception):
    """The cluster answered that it will not: a sentence that says what to do. Asking again will not help."""


class JobState(StrEnum):
    """Where a job stands, as the cluster tells it."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    STOPPED = "STOPPED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"

    @property
    def is_over(self) -> bool:
        """Whether the job has ended, however it ended."""
        return self in {JobState.STOPPED, JobState.SUCCEEDED, JobState.FAILED}


@dataclass(frozen=True)
class JobSubmission:
    """One job. Its id is chosen by us and never used for another job."""

    submission_id: str
    entrypoint: str
    """A shell command that runs on the cluster."""
    environment: Mapping[str, str] = field(repr=False)
    """Environment variables of the entrypoint; it holds the runner's token."""
    metadata: Mapping[str, str]
    """Free labels, shown by the cluster's dashboard."""


@dataclass(frozen=True)
class ListedJob:
    """A job as a cluster lists it; what it was given stays there."""

    submission_id: str
    state: JobState
    metadata: Mapping[str, str]


@dataclass(frozen=True)
class Sighting:
    """What was seen of a cluster that answers and lets us in."""

    ray_version: str
    nodes: int
    """Nodes that are alive."""
    cpus_total: float
    cpus_free: float
    gpus_total: float
    gpus_free: float


@dataclass(frozen=True)
class JobLog:
    """What a job has printed, from its beginning."""

    text: str
    is_cut: bool = False
    """Whether there is more than anybody here reads."""


class ClusterClient(Protocol):
    """One cluster. Every method raises ClusterUnreachable or ClusterRefused."""

    async def submit(self, job: JobSubmission) -> None:
        """Submits the job; one of that id that is there already is fine, so this may be repeated."""

    async def state(self, submission_id: str) -> JobState | None:
        """Where the job stands; none when the cluster knows no such job."""

    async def stop(self, submission_id: str) -> None:
        """Asks the cluster to stop the job; one that has ended or is unknown is fine."""

    async def logs(self, submission_id: str) -> JobLog | None:
        """What the job has printed so far; none when the cluster knows no such job."""

    async def list_jobs(self) -> list[ListedJob]:
        """Every job that was submitted to the cluster, by whomever, and that it remembers."""

    async def check(self) -> Sighting:
        """What is seen of the cluster when it answers and lets us in."""

    async def aclose(self) -> None:
        """Lets go of connections."""
