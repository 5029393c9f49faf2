"""What a trial takes of its cluster, in Ray's words, and how many trials fit."""

from collections.abc import Mapping

from ray.tune import PlacementGroupFactory

from search_spaces.sweep_spec import Resources


def placement_of(resources: Resources) -> PlacementGroupFactory:
    """One bundle per worker; Tune starts a trial when all of them are free."""
    return PlacementGroupFactory([_bundle(resources) for _ in range(resources.workers)])


def trials_that_fit(resources: Resources, total: Mapping[str, float]) -> int:
    """How many trials a cluster of these total resources runs at once, at most max_concurrent.

    At least one: it waits in Ray for a cluster that grows.
    """
    # Rounded, so that ten tenths of a GPU are ten; Ray counts in steps of 1e-4.
    bundles = min(int(round(total.get(name, 0.0) / amount, 4)) for name, amount in _bundle(resources).items())
    return max(1, min(resources.max_concurrent, bundles // resources.workers))


def _bundle(resources: Resources) -> dict[str, float]:
    bundle = {"CPU": float(resources.cpus_per_worker), "GPU": resources.gpus_per_worker}
    return {name: amount for name, amount in bundle.items() if amount}
