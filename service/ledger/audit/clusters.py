"""The ledger against a cluster: no job runs that should not, and every believed runner has its job."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from service.clusters.protocol import ListedJob
from service.db.runners import ACTIVE, RunnerRow
from service.ledger.audit.picture import LedgerPicture
from service.ledger.orphans import SWEEP, has_had_grace, why_unwanted
from service.schemas.audit import Disagreement, Part


def compare_with_cluster(
    picture: LedgerPicture, cluster: str, jobs: Mapping[str, ListedJob], now: datetime
) -> Iterator[Disagreement]:
    """What is wrong on a cluster that lists these jobs, by submission id."""
    for job, reason in unwanted_jobs(picture.sweep.id, picture.runners.values(), jobs, now):
        yield _of("job_unwanted", f"job {job.submission_id} on {cluster}", f"it is {job.state.value}, and {reason}")
    for runner in runners_without_job(picture.runners.values(), cluster, jobs, now):
        known = jobs.get(runner.submission_id)
        what = f"its job is {known.state.value}" if known else "its cluster does not know its job"
        yield _of("runner_without_job", f"runner {runner.id}", f"it is believed to be {runner.state.value}, and {what}")


def unwanted_jobs(
    sweep_id: str, runners: Iterable[RunnerRow], jobs: Mapping[str, ListedJob], now: datetime
) -> Iterator[tuple[ListedJob, str]]:
    """Jobs of the sweep, which has these runners, that nobody wants, each with the reason."""
    by_job = {runner.submission_id: runner for runner in runners}
    for job in jobs.values():
        reason = why_unwanted(job, by_job.get(job.submission_id), now)
        if job.metadata.get(SWEEP) == sweep_id and reason is not None:
            yield job, reason


def runners_without_job(
    runners: Iterable[RunnerRow], cluster: str, jobs: Mapping[str, ListedJob], now: datetime
) -> list[RunnerRow]:
    """Believed runners of the cluster that have been silent and whose job is over or unknown there."""
    return [
        runner
        for runner in runners
        if runner.cluster == cluster
        and runner.state in ACTIVE
        and not runner.is_external
        and has_had_grace(runner.last_seen_at or runner.created_at, now)
        and ((job := jobs.get(runner.submission_id)) is None or job.state.is_over)
    ]


def _of(kind: str, subject: str, detail: str) -> Disagreement:
    return Disagreement(part=Part.RAY, kind=kind, subject=subject, detail=detail, is_repairable=True)
