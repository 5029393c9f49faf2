"""The clusters that the service may submit to, by name, as the table has them."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from service.clusters.choice import Labels, chosen, described, meaningless
from service.clusters.protocol import ClusterClient, ClusterRefused
from service.clusters.ray_jobs import RayJobs
from service.clusters.tls import tls_context
from service.db import clusters
from service.db.clusters import ClusterRow
from service.db.database import Database, Session
from service.errors import SecretUnreadable, UnknownCluster
from service.vault import Vault

Edition = tuple[datetime, int]
"""What changes whenever a cluster is made anew or changed."""


class ClusterRegistry:
    """One client per registered cluster, made from its row and made anew when that has changed.

    `clients` stand in for those of the clusters of their names, which then need no row.
    """

    def __init__(self, database: Database, vault: Vault, clients: Mapping[str, ClusterClient] | None = None) -> None:
        self._database = database
        self._vault = vault
        self._stand_ins = dict(clients or {})
        self._clients: dict[str, tuple[Edition, ClusterClient]] = {}

    async def registered(self, session: Session) -> dict[str, Labels]:
        """Every cluster with its labels."""
        unlabelled: dict[str, Labels] = {name: {} for name in self._stand_ins}
        return unlabelled | {row.name: row.labels for row in await clusters.every(session)}

    async def resolve(self, session: Session, choices: Iterable[str]) -> list[str]:
        """Names of the clusters that names and labels mean now; names are given back though nobody has them."""
        return chosen(choices, await self.registered(session))

    async def check_choices(self, session: Session, choices: Iterable[str]) -> None:
        """Raises UnknownCluster, which tells what is registered, when one of the choices means nothing."""
        registered = await self.registered(session)
        for choice in meaningless(choices, registered):
            what = "no cluster has the label" if "=" in choice else "unknown cluster"
            raise UnknownCluster(f"{what} {choice!r}; registered: {described(registered)}")

    async def client(self, name: str) -> ClusterClient:
        """The cluster of that name. Raises UnknownCluster, and ClusterRefused when its token cannot be read."""
        if name in self._stand_ins:
            return self._stand_ins[name]
        async with self._database.read() as session:
            row = await clusters.find(session, name)
            registered = await self.registered(session) if row is None else {}
        if row is None:
            await self._forget(name)
            raise UnknownCluster(f"there is no cluster {name!r}; registered: {described(registered)}")
        edition, known = (row.created_at, row.version), self._clients.get(name)
        if known is not None and known[0] == edition:
            return known[1]
        client = self._connect(row)
        self._clients[name] = (edition, client)
        if known is not None:
            await known[1].aclose()
        return client

    async def aclose(self) -> None:
        """Lets go of every cluster's connections."""
        for name in list(self._clients):
            await self._forget(name)
        for client in self._stand_ins.values():
            await client.aclose()

    async def _forget(self, name: str) -> None:
        known = self._clients.pop(name, None)
        if known is not None:
            await known[1].aclose()

    def _connect(self, row: ClusterRow) -> ClusterClient:
        try:
            token = None if row.sealed_token is None else self._vault.open(row.sealed_token)
        except SecretUnreadable as error:
            raise ClusterRefused(f"the token of cluster {row.name} cannot be read: {error.detail}") from error
        tls = tls_context(verify=row.verify_tls, ca_certificate=row.ca_certificate)
        return RayJobs(row.address, token, tls)
