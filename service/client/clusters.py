"""Clusters: list them."""

from collections.abc import Iterator

from service.client.calls import Calls, read
from service.schemas.clusters import ClusterPage, ClusterView


class ClusterCalls(Calls):
    """What a person does with clusters."""

    def list_clusters(self) -> Iterator[ClusterView]:
        """Every registered cluster by name; pages are fetched as they are needed."""
        for answer in self._pages("/v1/clusters", {}):
            yield from read(ClusterPage, answer).items
