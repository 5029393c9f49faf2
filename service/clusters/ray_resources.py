"""What a Ray cluster has and what of it is free, read from the answers of its dashboard (Ray 2.60).

What is used stands in /api/cluster_status, which the head's autoscaler monitor writes. A head without one
(`ray start --no-monitor`, as ours) tells nothing there: then what placement groups hold counts as used, and every
trial of ours runs in one.
"""

from collections.abc import Mapping, Sequence
from typing import Any

Amounts = Mapping[str, float]
"""Resources by Ray's names for them: CPU, GPU, …"""


def nodes_alive(body: Any) -> list[Amounts]:
    """The resources of every living node, from /api/v0/nodes."""
    return [dict(node["resources_total"]) for node in _listed(body) if node["state"] == "ALIVE"]


def used_as_told(body: Any) -> Amounts | None:
    """What is used by whomever, from /api/cluster_status; none where the cluster does not tell."""
    status = body["data"]["clusterStatus"] or {}
    usage = status.get("loadMetricsReport", {}).get("usage")
    return {name: float(used) for name, (used, _total) in usage.items()} if usage else None


def held_by_groups(body: Any) -> Amounts:
    """What the placement groups hold together, from /api/v0/placement_groups with details."""
    held: dict[str, float] = {}
    for group in _listed(body):
        for bundle in group["bundles"] if group["state"] == "CREATED" else []:
            for name, amount in bundle["unit_resources"].items():
                held[name] = held.get(name, 0.0) + float(amount)
    return held


def total(name: str, nodes: Sequence[Amounts]) -> float:
    """How much of the resource all nodes have together."""
    return sum(node.get(name, 0.0) for node in nodes)


def free(name: str, nodes: Sequence[Amounts], used: Amounts) -> float:
    """How much of the resource nobody uses; never less than nothing, since both are told at different moments."""
    # Ray counts in steps of 1e-4.
    return max(0.0, round(total(name, nodes) - used.get(name, 0.0), 4))


def _listed(body: Any) -> Any:
    return body["data"]["result"]["result"]
