"""The images of a trial."""

from search_spaces.datasets import DatasetSpec, facts_of
from trainers.datasets.load import load_splits
from trainers.datasets.splits import Splits


def make_splits(dataset: DatasetSpec) -> Splits:
    """The splits of the dataset, on the CPU."""
    facts = facts_of(dataset)
    return load_splits(
        dataset.name,
        root=dataset.root,
        download=dataset.download,
        image_size=facts.image_size,
        classes=facts.classes,
        val_fraction=dataset.val_fraction,
        train_fraction=dataset.train_fraction,
        split_seed=dataset.split_seed,
    )
