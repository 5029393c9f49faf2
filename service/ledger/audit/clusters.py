"""The ledger against a cluster: no job runs that should not, and every believed runner has its job."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from service.clusters.protocol import ListedJob
from service.db.runners import ACTIVE, RunnerRow
from service.ledger.audit.picture import LedgerPicture
from service.schemas.audit import Disagreement, Part

GRACE_SECONDS = 60.0
"""A runner that was opened, heard or let go since then may still be on its way: jobs come and go in seconds."""

SWEEP_LABEL = "supsweep_sweep"
"""What a job's metadata call the sweep that it serves."""


def compare_with_cluster(
    picture: LedgerPicture, cluster: str, jobs: Mapping[str, ListedJob], now: datetime
) -> Iterator[Disagreement]:
    """What is wrong on a cluster that lists these jobs, by submission id."""
    for job in unwanted_jobs(picture, jobs, now):
        runner = _runner_of(picture, job)
        whose = f"its runner {runner.id} is {runner.state.value}" if runner else "the ledger has no runner for it"
        yield _of("job_unwanted", f"job {job.submission_id} on {cluster}", f"it is {job.state.value}, and {whose}")
    for runner in runners_without_job(picture, cluster, jobs, now):
        known = jobs.get(runner.submission_id)
        what = f"its job is {known.state.value}" if known else "its cluster does not know its job"
        yield _of("runner_without_job", f"runner {runner.id}", f"it is believed to be {runner.state.value}, and {what}")


def unwanted_jobs(picture: LedgerPicture, jobs: Mapping[str, ListedJob], now: datetime) -> list[ListedJob]:
    """Jobs of the sweep that run although no believed runner is behind them, those last to leave left out."""
    return [
        job
        for job in jobs.values()
        if job.metadata.get(SWEEP_LABEL) == picture.sweep.id
        and not job.state.is_over
        and _is_unwanted(_runner_of(picture, job), now)
    ]


def runners_without_job(
    picture: LedgerPicture, cluster: str, jobs: Mapping[str, ListedJob], now: datetime
) -> list[RunnerRow]:
    """Believed runners of the cluster that have been silent and whose job is over or unknown there."""
    return [
        runner
        for runner in picture.runners.values()
        if runner.cluster == cluster
        and runner.state in ACTIVE
        and not runner.is_external
        and _has_passed(runner.last_seen_at or runner.created_at, now)
        and ((job := jobs.get(runner.submission_id)) is None or job.state.is_over)
    ]


def _is_unwanted(runner: RunnerRow | None, now: datetime) -> bool:
    if runner is None:
        return True
    return runner.state not in ACTIVE and _has_passed(runner.ended_at or runner.created_at, now)


def _runner_of(picture: LedgerPicture, job: ListedJob) -> RunnerRow | None:
    own = (runner for runner in picture.runners.values() if runner.submission_id == job.submission_id)
    return next(own, None)


def _has_passed(moment: datetime, now: datetime) -> bool:
    return now - moment > timedelta(seconds=GRACE_SECONDS)


def _of(kind: str, subject: str, detail: str) -> Disagreement:
    return Disagreement(part=Part.RAY, kind=kind, subject=subject, detail=detail, is_repairable=True)
