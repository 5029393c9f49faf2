"""What a person does with clusters: register, list, look, change, delete."""

import hashlib
from datetime import datetime

from pydantic import BaseModel, SecretStr

from service.db import clusters
from service.db.clusters import SEEN, ClusterLoad, ClusterRow
from service.db.database import Session
from service.errors import ClusterExists, ClusterFromSettings, ClusterInUse, NotFound
from service.operations.cursors import decode_name_cursor, encode_cursor
from service.operations.idempotency import Idempotency
from service.operations.preconditions import check_version
from service.schemas.clusters import ClusterChange, ClusterHealth, ClusterPage, ClusterView, NewCluster
from service.vault import Vault


class _Creation(BaseModel):
    """What an Idempotency-Key stands for: the whole request, of the token its hash."""

    cluster: NewCluster
    token_sha256: str | None


async def create_cluster(
    session: Session, vault: Vault, new: NewCluster, *, owner: str, idempotency_key: str | None, now: datetime
) -> str:
    """Name of the registered cluster. Raises ClusterExists, and IdempotencyKeyReused for another body."""
    creation = Idempotency(owner, idempotency_key, "clusters", _Creation(cluster=new, token_sha256=_sha256(new.token)))
    made_before = await creation.made_before(session)
    if made_before is not None:
        return made_before
    if await clusters.find(session, new.name) is not None:
        raise ClusterExists(f"there is a cluster {new.name!r} already: change it, or take another name")
    session.add(make_row(vault, new, now))
    creation.remember(session, new.name, now)
    return new.name


async def find_cluster(session: Session, name: str, *, lock: bool = False) -> ClusterRow:
    """The cluster of that name. Raises NotFound."""
    row = await clusters.find(session, name, lock=lock)
    if row is None:
        raise NotFound(f"no cluster {name!r}")
    return row


async def list_clusters(session: Session, *, limit: int, cursor: str | None) -> ClusterPage:
    """A page of the clusters, by name."""
    after = "" if cursor is None else decode_name_cursor(cursor)
    rows = await clusters.page(session, limit=limit + 1, after=after)
    loads = await clusters.loads(session)
    items = [_view(row, loads.get(row.name, ClusterLoad())) for row in rows[:limit]]
    return ClusterPage(items=items, next_cursor=encode_cursor(items[-1].name) if len(rows) > limit else None)


async def describe_cluster(session: Session, row: ClusterRow) -> ClusterView:
    """The cluster with what was seen of it and what of ours runs on it."""
    return _view(row, (await clusters.loads(session)).get(row.name, ClusterLoad()))


async def change_cluster(
    session: Session, vault: Vault, name: str, change: ClusterChange, *, if_match: str | None, now: datetime
) -> None:
    """Makes the cluster what `change` says, and has it checked soon.

    Raises NotFound, PreconditionFailed, and ClusterFromSettings for more than draining such a cluster.
    """
    row = await _lock(session, name, if_match)
    if change.model_fields_set - {"is_draining"}:
        _check_changeable(row)
    for field in change.model_fields_set - {"token"}:
        setattr(row, field, getattr(change, field))
    if "token" in change.model_fields_set:
        row.sealed_token = seal(vault, change.token)
    row.version += 1
    row.check_due_at = now


async def delete_cluster(session: Session, name: str, *, if_match: str | None) -> None:
    """Takes the cluster out of the table.

    Raises NotFound, PreconditionFailed, ClusterFromSettings, and ClusterInUse while something may run on it.
    """
    row = await _lock(session, name, if_match)
    _check_changeable(row)
    sweeps = await clusters.count_sweeps_on(session, name)
    if sweeps:
        who = "1 unfinished sweep has a runner" if sweeps == 1 else f"{sweeps} unfinished sweeps have runners"
        raise ClusterInUse(f"{who} on cluster {name!r}: cancel or move what runs there, or wait for its end")
    await session.delete(row)


def make_row(vault: Vault, new: NewCluster, now: datetime, *, is_from_settings: bool = False) -> ClusterRow:
    """The cluster's row, not yet in a session; it is checked at once."""
    return ClusterRow(
        name=new.name,
        address=new.address,
        sealed_token=seal(vault, new.token),
        labels=dict(new.labels),
        verify_tls=new.verify_tls,
        ca_certificate=new.ca_certificate,
        is_from_settings=is_from_settings,
        created_at=now,
        check_due_at=now,
        orphans_due_at=now,
    )


def seal(vault: Vault, token: SecretStr | None) -> str | None:
    """The token as it is kept."""
    return None if token is None else vault.seal(token.get_secret_value())


async def _lock(session: Session, name: str, if_match: str | None) -> ClusterRow:
    row = await find_cluster(session, name, lock=True)
    check_version(if_match, row.version)
    return row


def _check_changeable(row: ClusterRow) -> None:
    if row.is_from_settings:
        raise ClusterFromSettings(
            f"cluster {row.name!r} is what SUPSWEEP_CLUSTERS says at every start: change it there, and start again; "
            "accepted here: is_draining alone"
        )


def _view(row: ClusterRow, load: ClusterLoad) -> ClusterView:
    seen = {field: getattr(row, field) for field in SEEN}
    return ClusterView(
        name=row.name,
        address=row.address,
        has_token=row.sealed_token is not None,
        labels=row.labels,
        verify_tls=row.verify_tls,
        ca_certificate=row.ca_certificate,
        is_from_settings=row.is_from_settings,
        is_draining=row.is_draining,
        created_at=row.created_at,
        health=ClusterHealth(
            is_healthy=row.is_healthy, since=row.health_since, checked_at=row.checked_at, problem=row.problem, **seen
        ),
        live_runners=load.live_runners,
        running_trials=load.running_trials,
        open_jobs=load.open_jobs,
    )


def _sha256(token: SecretStr | None) -> str | None:
    return None if token is None else hashlib.sha256(token.get_secret_value().encode()).hexdigest()
