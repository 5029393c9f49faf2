"""Loads a dataset's splits by name."""

from collections.abc import Callable

from trainers.datasets.digits import load_digits_splits
from trainers.datasets.splits import Splits

LOADERS: dict[str, Callable[..., Splits]] = {"digits": load_digits_splits}


def load_splits(name: str, *, val_fraction: float, train_fraction: float, split_seed: int) -> Splits:
    """The splits of the named dataset on the CPU, the same ones for the same arguments.

    Raises ValueError for a name that has no loader, and for fractions that leave a split without some class.
    """
    if name not in LOADERS:
        raise ValueError(f"dataset {name!r} cannot be loaded by this runner; accepted: {', '.join(LOADERS)}")
    return LOADERS[name](val_fraction=val_fraction, train_fraction=train_fraction, split_seed=split_seed)
