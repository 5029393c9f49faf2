"""Ready sweeps by name. Each is a function that returns a spec; variants derive from one another."""

from collections.abc import Callable

from search_spaces.presets.digits import digits_demo, digits_objectives, digits_smoke, tune_supcon
from search_spaces.presets.imagenet import paper_stability
from search_spaces.presets.small_images import cifar10_paired, cifar100_paired, fashion_mnist_paired
from search_spaces.sweep_spec import SweepSpec

PRESETS: dict[str, Callable[[], SweepSpec]] = {
    "digits_smoke": digits_smoke,
    "digits_demo": digits_demo,
    "digits_objectives": digits_objectives,
    "tune_supcon": tune_supcon,
    "fashion_mnist_paired": fashion_mnist_paired,
    "cifar10_paired": cifar10_paired,
    "cifar100_paired": cifar100_paired,
    "paper_stability": paper_stability,
}
"""Every preset by its name; the first sentence of a function's docstring is its description."""
