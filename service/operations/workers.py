"""A person's own worker joins a sweep: it gets a runner of its own, and makes the two calls of the runner protocol."""

from datetime import datetime

from search_spaces.runner_protocol import RunnerBrief
from service.db import sweeps
from service.db.database import Session
from service.db.sweeps import SweepRow
from service.errors import NeedsCluster, WrongState
from service.ledger.runners import open_runner
from service.lifecycle import OPEN_STATES
from service.schemas.workers import JoinedRunner, JoinRequest
from service.settings import Settings

WORKER_PREFIX = "worker:"
"""Before the name of a worker where a runner's cluster is told; no cluster has a colon in its name."""


async def join(
    session: Session, settings: Settings, sweep_id: str, request: JoinRequest, now: datetime
) -> JoinedRunner:
    """A runner for a person's own worker.

    Raises WrongState when the sweep hands out no trials, and NeedsCluster when one machine cannot run them.
    """
    sweep = await sweeps.get(session, sweep_id, lock=True)
    if sweep.state not in OPEN_STATES:
        raise WrongState(f"sweep {sweep_id} is {sweep.state.value} and hands out no trials; accepted: queued, running")
    workers = sweep.spec.resources.workers
    if workers > 1:
        raise NeedsCluster(
            f"sweep {sweep_id} trains every trial on {workers} workers (resources.workers), which a Ray cluster places "
            "together; accepted: a sweep of one worker per trial"
        )
    cluster = f"{WORKER_PREFIX}{request.name}"
    opened = await open_runner(session, settings, sweep_id, cluster, now, is_external=True)
    brief = make_brief(settings, sweep, opened.runner_id)
    return JoinedRunner(brief=brief, token=opened.token, lease_seconds=settings.lease_seconds)


def make_brief(settings: Settings, sweep: SweepRow, runner_id: str) -> RunnerBrief:
    """All that a runner is told, but for its token."""
    return RunnerBrief(
        runner_id=runner_id,
        sweep_id=sweep.id,
        service_url=settings.public_url,
        storage=f"{settings.effective_storage}/{sweep.id}",
        dataset=sweep.spec.dataset,
        dataset_roots=settings.dataset_roots,
        resources=sweep.spec.resources,
        heartbeat_seconds=settings.heartbeat_seconds,
        patience_seconds=settings.runner_patience_seconds,
    )
