"""The clusters of SUPSWEEP_CLUSTERS, written into the table at every start."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import SecretStr, ValidationError

from service.db import clusters
from service.db.clusters import ClusterRow
from service.db.database import Session
from service.errors import SecretUnreadable
from service.operations.clusters import make_row, seal
from service.schemas.clusters import NewCluster
from service.settings import ClusterSettings, SettingsRefused
from service.vault import Vault


def check_settings(settings: Mapping[str, ClusterSettings]) -> None:
    """Raises SettingsRefused for settings that no cluster can have."""
    for name, wanted in settings.items():
        _as_new(name, wanted)


async def keep_settings(session: Session, vault: Vault, settings: Mapping[str, ClusterSettings], now: datetime) -> None:
    """Makes the table say what SUPSWEEP_CLUSTERS says. A cluster that it names no more stays, and is the API's.

    Raises SettingsRefused for settings that no cluster can have.
    """
    for row in await clusters.every(session):
        row.is_from_settings = row.name in settings
    for name, wanted in settings.items():
        await _keep(session, vault, _as_new(name, wanted), now)


async def _keep(session: Session, vault: Vault, new: NewCluster, now: datetime) -> None:
    row = await clusters.find(session, new.name, lock=True)
    if row is None:
        session.add(make_row(vault, new, now, is_from_settings=True))
        return
    kept = (row.address, row.labels, row.verify_tls, row.ca_certificate)
    wanted = (new.address, dict(new.labels), new.verify_tls, new.ca_certificate)
    if kept == wanted and _has_token(vault, row, new.token):
        return
    row.address, row.labels, row.verify_tls, row.ca_certificate = wanted
    row.sealed_token = seal(vault, new.token)
    row.version += 1
    row.check_due_at = now


def _has_token(vault: Vault, row: ClusterRow, token: SecretStr | None) -> bool:
    """Whether the row keeps that token, in a way that can still be opened."""
    if row.sealed_token is None or token is None:
        return row.sealed_token is None and token is None
    try:
        return vault.open(row.sealed_token) == token.get_secret_value()
    except SecretUnreadable:
        return False


def _as_new(name: str, settings: ClusterSettings) -> NewCluster:
    try:
        return NewCluster.model_validate({"name": name, **dict(settings)})
    except ValidationError as error:
        found = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        # Without its cause, which would show the token.
        raise SettingsRefused(f"SUPSWEEP_CLUSTERS cannot have the cluster {name!r}: {found}") from None
