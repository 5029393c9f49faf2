"""Clusters: registered, listed, changed, checked, deleted."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from service.client.calls import Calls, read
from service.schemas.clusters import ClusterPage, ClusterView


class ClusterCalls(Calls):
    """What a person does with clusters; all but looking takes an admin."""

    def create_cluster(
        self, name: str, address: str, *, token: str | None = None, labels: Mapping[str, str] | None = None, **tls: Any
    ) -> ClusterView:
        """Registers a Ray cluster once, however often the call has to be repeated.

        `tls`: verify_tls and ca_certificate, for an address with https.
        """
        body = {"name": name, "address": address, "token": token, "labels": dict(labels or {}), **tls}
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        return read(ClusterView, self._call("POST", "/v1/clusters", json=body, headers=headers))

    def list_clusters(self) -> Iterator[ClusterView]:
        """Every registered cluster by name; pages are fetched as they are needed."""
        for answer in self._pages("/v1/clusters", {}):
            yield from read(ClusterPage, answer).items

    def get_cluster(self, name: str) -> ClusterView:
        """One cluster: how it is, what of it is free."""
        return read(ClusterView, self._call("GET", _path(name)))

    def change_cluster(self, name: str, **changes: Any) -> ClusterView:
        """Gives the cluster another address, token, labels, verify_tls or ca_certificate; is_draining drains it."""
        return read(ClusterView, self._call("PATCH", _path(name), json=changes))

    def check_cluster(self, name: str) -> ClusterView:
        """The cluster once it has been asked how it is."""
        return read(ClusterView, self._call("POST", f"{_path(name)}/check"))

    def delete_cluster(self, name: str) -> None:
        """Deletes a cluster that no unfinished sweep has a runner on."""
        self._delete(_path(name))


def _path(name: str) -> str:
    return f"/v1/clusters/{quote(name, safe='')}"
