"""A person's own worker joins a sweep: it gets a runner of its own, and makes the two calls of the runner protocol."""

import base64
from datetime import datetime

from search_spaces.locations import below
from search_spaces.runner_protocol import RunnerBrief
from service.auth.callers import Caller
from service.auth.repeatable_secrets import RepeatableSecrets
from service.db import runners, sweeps
from service.db.database import Session
from service.db.sweeps import SweepRow
from service.errors import NeedsCluster, WrongState
from service.ledger.runners import open_runner, token_sha256
from service.lifecycle import OPEN_STATES
from service.operations.idempotency import Idempotency
from service.schemas.workers import JoinedRunner, JoinRequest
from service.settings import Settings
from service.vault import Vault

WORKER_PREFIX = "worker:"
"""Before the name of a worker where a runner's cluster is told; no cluster has a colon in its name."""


async def join(
    session: Session,
    settings: Settings,
    vault: Vault,
    caller: Caller,
    sweep_id: str,
    request: JoinRequest,
    idempotency_key: str | None,
    now: datetime,
) -> JoinedRunner:
    """A runner for a person's own worker; the same Idempotency-Key gives the same one, with the same token, again.

    Raises WrongState when the sweep hands out no trials, NeedsCluster when one machine cannot run them,
    IdempotencyKeyReused and SecretUnreadable.
    """
    sweep = await sweeps.get(session, sweep_id, lock=True)
    creation = Idempotency(caller.owner, idempotency_key, f"sweeps/{sweep_id}/workers", request)
    tokens = RepeatableSecrets(vault, "runner token", caller.owner, idempotency_key)
    made_before = await creation.made_before(session)
    if made_before is not None:
        return _joined(settings, sweep, made_before, await _token_again(session, tokens, made_before))
    _check_joinable(sweep)
    cluster = f"{WORKER_PREFIX}{request.name}"
    opened = await open_runner(
        session,
        settings,
        sweep_id,
        cluster,
        now,
        is_external=True,
        token_of=lambda runner_id: _as_token(tokens.make(runner_id)),
    )
    creation.remember(session, opened.runner_id, now)
    return _joined(settings, sweep, opened.runner_id, opened.token)


def _check_joinable(sweep: SweepRow) -> None:
    if sweep.state not in OPEN_STATES:
        raise WrongState(f"sweep {sweep.id} is {sweep.state.value} and hands out no trials; accepted: queued, running")
    workers = sweep.spec.resources.workers
    if workers > 1:
        raise NeedsCluster(
            f"sweep {sweep.id} trains every trial on {workers} workers (resources.workers), which a Ray cluster places "
            "together; accepted: a sweep of one worker per trial"
        )


async def _token_again(session: Session, tokens: RepeatableSecrets, runner_id: str) -> str:
    runner = await runners.find(session, runner_id)
    assert runner is not None, f"the runner that was opened before vanished: {runner_id}"
    expected = runner.token_sha256
    return _as_token(tokens.make_again(runner_id, lambda secret: token_sha256(_as_token(secret)) == expected))


def _as_token(secret: str) -> str:
    """The secret, 256 bits in hex, as every token of a runner is written."""
    return base64.urlsafe_b64encode(bytes.fromhex(secret)).decode().rstrip("=")


def _joined(settings: Settings, sweep: SweepRow, runner_id: str, token: str) -> JoinedRunner:
    brief = make_brief(settings, sweep, runner_id)
    return JoinedRunner(brief=brief, token=token, lease_seconds=settings.lease_seconds)


def make_brief(settings: Settings, sweep: SweepRow, runner_id: str) -> RunnerBrief:
    """All that a runner is told, but for its token."""
    return RunnerBrief(
        runner_id=runner_id,
        sweep_id=sweep.id,
        service_url=settings.public_url,
        storage=below(settings.effective_storage, sweep.id),
        dataset=sweep.spec.dataset,
        dataset_roots=settings.dataset_roots,
        resources=sweep.spec.resources,
        heartbeat_seconds=settings.heartbeat_seconds,
        patience_seconds=settings.runner_patience_seconds,
    )
