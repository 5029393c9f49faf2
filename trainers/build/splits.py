"""The images of a trial, with the label noise that its configuration asks for."""

from search_spaces.datasets import DatasetSpec, facts_of
from search_spaces.trial_config import TrialConfig
from trainers.build.seeds import generator_of
from trainers.datasets.label_noise import with_noisy_training
from trainers.datasets.load import load_splits
from trainers.datasets.splits import Splits


def make_splits(config: TrialConfig, dataset: DatasetSpec) -> Splits:
    """The splits of the dataset; arms of a pair have the same wrong labels in training."""
    facts = facts_of(dataset)
    splits = load_splits(
        dataset.name,
        root=dataset.root,
        download=dataset.download,
        image_size=facts.image_size,
        classes=facts.classes,
        val_fraction=dataset.val_fraction,
        train_fraction=dataset.train_fraction,
        split_seed=dataset.split_seed,
    )
    if config.label_noise == 0:
        return splits
    return with_noisy_training(splits, config.label_noise, generator_of(config.seed, "label noise"))
