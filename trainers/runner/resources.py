"""What a trial takes of its cluster, in Ray's words, and how many trials fit."""

from collections.abc import Iterable, Mapping

from ray.tune import PlacementGroupFactory

from search_spaces.sweep_spec import Resources

Node = Mapping[str, float]
"""The total resources of a node, by Ray's names."""


def placement_of(resources: Resources) -> PlacementGroupFactory:
    """One bundle per worker; Tune starts a trial when all of them are free.

    A single worker is the Tune actor itself, in the first bundle. Several are led by it from outside: an empty first
    bundle says so, and the others are counted from 0.
    """
    bundles = [bundle_of(resources) for _ in range(resources.workers)]
    return PlacementGroupFactory(bundles if resources.workers == 1 else [{}, *bundles])


def trials_that_fit(resources: Resources, nodes: Iterable[Node]) -> int:
    """How many trials run at once on these nodes; 0 if not even one fits.

    A worker is on one node; the workers of a trial may be on several. The ledger alone knows max_concurrent, which
    is for all clusters of a sweep and changes while it runs.
    """
    return workers_that_fit(resources, nodes) // resources.workers


def workers_that_fit(resources: Resources, nodes: Iterable[Node]) -> int:
    """How many workers run at once on these nodes."""
    bundle = bundle_of(resources)
    return sum(min(_times(amount, node.get(name, 0.0)) for name, amount in bundle.items()) for node in nodes)


def bundle_of(resources: Resources) -> dict[str, float]:
    """What one worker takes; nothing that it takes none of."""
    bundle = {"CPU": float(resources.cpus_per_worker), "GPU": resources.gpus_per_worker}
    return {name: amount for name, amount in bundle.items() if amount}


def _times(amount: float, total: float) -> int:
    """How often the amount is in the total; a fraction is of one device, never of two."""
    # Rounded, so that ten tenths of a GPU are ten; Ray counts in steps of 1e-4.
    return int(total) * int(round(1 / amount, 4)) if amount < 1 else int(round(total / amount, 4))
