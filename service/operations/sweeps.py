"""What a person does with sweeps: create, list, look, make another one of one."""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime

from pydantic import ValidationError

from search_spaces.sweep_spec import SweepSpec
from service.clusters.registry import ClusterRegistry
from service.db import sweeps, trials
from service.db.database import Database, Session
from service.db.sweeps import SweepRow
from service.errors import BadFilter, InvalidSpec, NotFound
from service.ledger import sweeps as ledger_sweeps
from service.lifecycle import SweepState
from service.operations.admission import plan_sweep
from service.operations.cursors import decode_time_cursor, encode_cursor
from service.operations.idempotency import Idempotency
from service.operations.progress import summarise_sweep
from service.operations.quotas import check_quota
from service.schemas.steering import CloneRequest, merge
from service.schemas.sweeps import SweepPage
from service.settings import Settings

LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}=.{0,200}", re.DOTALL)
"""A label of a spec and its value."""


async def create_sweep(
    database: Database,
    settings: Settings,
    clusters: ClusterRegistry,
    spec: SweepSpec,
    *,
    owner: str,
    idempotency_key: str | None,
    now: datetime,
) -> str:
    """Id of the accepted sweep, with every trial of its design in the ledger. Waits for no cluster.

    The same owner's same Idempotency-Key with the same spec gives the sweep it made before. Raises
    what `plan_sweep` does, QuotaExceeded, and IdempotencyKeyReused for another spec.
    """
    plan = await plan_sweep(database, settings, clusters, spec, owner)
    creation = Idempotency(owner, idempotency_key, "sweeps", spec)
    async with database.write() as session:
        made_before = await creation.made_before(session)
        if made_before is not None:
            return made_before
        await check_quota(session, settings, owner, now)
        sweep = await ledger_sweeps.create(session, secrets.token_hex(6), spec, plan, owner=owner, now=now)
        creation.remember(session, sweep.id, now)
        return sweep.id


def cloned_spec(sweep: SweepRow, request: CloneRequest) -> SweepSpec:
    """The spec of a sweep, with changes. Raises InvalidSpec."""
    document = merge(sweep.spec.model_dump(mode="json", exclude_defaults=True), request.changes)
    try:
        return SweepSpec.model_validate(document)
    except ValidationError as error:
        raise InvalidSpec(error, document) from error


async def find_owned(session: Session, sweep_id: str, owner: str | None) -> SweepRow:
    """The owner's sweep of that id, anybody's for none. Raises NotFound for others' sweeps too."""
    sweep = await sweeps.find(session, sweep_id)
    if sweep is None or owner not in (None, sweep.owner):
        raise NotFound(f"no sweep {sweep_id!r}")
    return sweep


async def list_sweeps(
    session: Session,
    owner: str | None,
    *,
    limit: int,
    cursor: str | None,
    state: SweepState | None,
    name: str | None,
    labels: Sequence[str] = (),
) -> SweepPage:
    """A page of the owner's sweeps, everybody's for none, newest first.

    `labels` are texts such as team=vision. Raises BadFilter for one that is not.
    """
    after = None if cursor is None else decode_time_cursor(cursor)
    rows = await sweeps.page(
        session, owner, limit=limit + 1, after=after, state=state, name=name, labels=_read_labels(labels)
    )
    ended = await trials.count_ended(session, [row.id for row in rows[:limit]])
    items = [summarise_sweep(row, ended.get(row.id, 0)) for row in rows[:limit]]
    last = rows[limit - 1] if len(rows) > limit else None
    next_cursor = encode_cursor(last.created_at.isoformat(), last.id) if last else None
    return SweepPage(items=items, next_cursor=next_cursor)


def _read_labels(texts: Sequence[str]) -> list[tuple[str, str]]:
    """Labels with the values that they must have."""
    for text in texts:
        if not LABEL.fullmatch(text):
            raise BadFilter(f"label cannot be {text!r}; accepted: a label and its value, such as team=vision")
    return [(label, value) for label, _, value in (text.partition("=") for text in texts)]
