"""The clusters that the service may submit to, by name."""

from collections.abc import Mapping

from service.clusters.protocol import ClusterClient
from service.clusters.ray_jobs import RayJobs
from service.errors import UnknownCluster
from service.settings import ClusterSettings


class ClusterRegistry:
    """One client per registered cluster. `clients` takes the place of Ray Jobs clients made from the settings."""

    def __init__(
        self, settings: Mapping[str, ClusterSettings], clients: Mapping[str, ClusterClient] | None = None
    ) -> None:
        self._clients = dict(clients) if clients is not None else {name: _ray(s) for name, s in settings.items()}

    def names(self) -> list[str]:
        """Every registered name, sorted."""
        return sorted(self._clients)

    def client(self, name: str) -> ClusterClient:
        """The cluster of that name. Raises UnknownCluster, which tells the registered names."""
        if name not in self._clients:
            known = ", ".join(self.names()) or "none"
            raise UnknownCluster(f"there is no cluster {name!r}; registered: {known}")
        return self._clients[name]

    async def aclose(self) -> None:
        """Lets go of every cluster's connections."""
        for client in self._clients.values():
            await client.aclose()


def _ray(settings: ClusterSettings) -> ClusterClient:
    token = settings.token.get_secret_value() if settings.token else None
    return RayJobs(settings.address, token)
