"""What a trial takes of its cluster, in Ray's words, and how many trials fit."""

from collections.abc import Iterable, Mapping

from ray.tune import PlacementGroupFactory

from search_spaces.sweep_spec import Resources


def placement_of(resources: Resources) -> PlacementGroupFactory:
    """One bundle per worker; Tune starts a trial when all of them are free.

    A single worker is the Tune actor itself, in the first bundle. Several are led by it from outside: an empty first
    bundle says so, and the others are counted from 0.
    """
    bundles = [_bundle(resources) for _ in range(resources.workers)]
    return PlacementGroupFactory(bundles if resources.workers == 1 else [{}, *bundles])


def trials_that_fit(resources: Resources, nodes: Iterable[Mapping[str, float]]) -> int:
    """How many trials run at once on nodes of these total resources, at most max_concurrent; 0 if not even one fits.

    A worker is on one node; the workers of a trial may be on several.
    """
    workers = sum(_workers_on(node, _bundle(resources)) for node in nodes)
    return min(resources.max_concurrent, workers // resources.workers)


def shortage(resources: Resources, nodes: Iterable[Mapping[str, float]]) -> str:
    """A sentence for a trial that fits nowhere."""
    bundle = _bundle(resources)
    needs = " and ".join(f"{amount:g} {name}" for name, amount in bundle.items())
    room = sum(_workers_on(node, bundle) for node in nodes)
    return f"a trial needs {resources.workers} workers of {needs} each; the cluster has room for {room}"


def _workers_on(node: Mapping[str, float], bundle: Mapping[str, float]) -> int:
    return min(_times(amount, node.get(name, 0.0)) for name, amount in bundle.items())


def _times(amount: float, total: float) -> int:
    """How often the amount is in the total; a fraction is of one device, never of two."""
    # Rounded, so that ten tenths of a GPU are ten; Ray counts in steps of 1e-4.
    return int(total) * int(round(1 / amount, 4)) if amount < 1 else int(round(total / amount, 4))


def _bundle(resources: Resources) -> dict[str, float]:
    bundle = {"CPU": float(resources.cpus_per_worker), "GPU": resources.gpus_per_worker}
    return {name: amount for name, amount in bundle.items() if amount}
