"""Stored secrets after a change of SUPSWEEP_SECRET_KEYS: sealed anew, so that the old key may go."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from service.db import clusters, webhooks
from service.db.clusters import ClusterRow
from service.db.database import Session
from service.db.webhooks import WebhookRow
from service.errors import SecretUnreadable
from service.vault import Vault


@dataclass
class Resealed:
    """What became of the stored secrets."""

    changed: list[str] = field(default_factory=list)
    """Those that are sealed with the first key now and were not."""
    kept: int = 0
    """How many were already."""
    unreadable: list[str] = field(default_factory=list)
    """Those that no key opens; they are as they were."""


async def reseal_secrets(session: Session, vault: Vault) -> Resealed:
    """Seals every stored secret with the first key of the vault. May be repeated; versions stay as they are."""
    resealed = Resealed()
    rows: list[ClusterRow | WebhookRow] = [*await clusters.lock_every(session), *await webhooks.lock_every(session)]
    for row, column, name in _secrets_of(rows):
        sealed = getattr(row, column)
        try:
            sealed_anew = vault.reseal(sealed)
        except SecretUnreadable:
            resealed.unreadable.append(name)
            continue
        if sealed_anew == sealed:
            resealed.kept += 1
            continue
        setattr(row, column, sealed_anew)
        resealed.changed.append(name)
    return resealed


def _secrets_of(rows: list[ClusterRow | WebhookRow]) -> Iterator[tuple[ClusterRow | WebhookRow, str, str]]:
    """Row, column and name of each stored secret."""
    for row in rows:
        if isinstance(row, WebhookRow):
            yield row, "sealed_secret", f"secret of webhook {row.id} of {row.owner}"
            if row.sealed_previous_secret is not None:
                yield row, "sealed_previous_secret", f"previous secret of webhook {row.id} of {row.owner}"
        elif row.sealed_token is not None:
            yield row, "sealed_token", f"token of cluster {row.name}"
