"""Datasets by name."""

import pytest

from search_spaces.datasets import DATASET_FACTS
from trainers.datasets.load import LOADERS, load_splits


def test_every_dataset_with_facts_has_a_loader() -> None:
    assert set(LOADERS) == set(DATASET_FACTS)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'letters' .* accepted: digits"):
        load_splits("letters", val_fraction=0.1, train_fraction=1.0, split_seed=0)
