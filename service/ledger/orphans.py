"""Jobs that run on a cluster although nobody wants them: the one rule of the rounds that stop them, and of audits."""

from datetime import datetime, timedelta

from service.clusters.protocol import ListedJob
from service.db.runners import ACTIVE, RunnerRow

GRACE_SECONDS = 60.0
"""What a runner that has ended has to end its job by itself, and its sweep's own step to stop it."""

SERVICE, SWEEP, RUNNER = "supsweep_service", "supsweep_sweep", "supsweep_runner"
"""What our jobs carry as metadata. A job of another service on the same cluster has another `supsweep_service`."""


def why_unwanted(job: ListedJob, runner: RunnerRow | None, now: datetime) -> str | None:
    """Why nobody wants the job, whose runner is given where the ledger has one for it; none where somebody may."""
    if job.state.is_over:
        return None
    if runner is None:
        return "the ledger has no runner for it"
    if runner.state in ACTIVE or not has_had_grace(runner.ended_at or runner.created_at, now):
        return None
    return f"its runner {runner.id} is {runner.state.value} since {runner.ended_at}"


def has_had_grace(since: datetime, now: datetime) -> bool:
    """Whether that is so long ago that nothing of it can be on its way any more."""
    # What lies ahead was told by a clock that has been put back since.
    return not timedelta(0) <= now - since < timedelta(seconds=GRACE_SECONDS)
