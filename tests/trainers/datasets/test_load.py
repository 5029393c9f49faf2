"""Datasets by name."""

from typing import Any

import pytest

from search_spaces.datasets import DATASET_FACTS
from trainers.datasets.load import NAMES, load_splits
from trainers.datasets.splits import Splits


def load(name: str, root: str | None) -> Splits:
    plain: dict[str, Any] = {"download": False, "image_size": 8, "classes": 2, "val_fraction": 0.2}
    return load_splits(name, root=root, train_fraction=1.0, split_seed=0, **plain)


def test_every_dataset_of_the_vocabulary_has_a_loader() -> None:
    assert set(NAMES) == {*DATASET_FACTS, "image_folder"}


@pytest.mark.parametrize("name", [name for name in NAMES if name != "digits"])
def test_a_root_that_is_not_there_is_refused_with_what_goes_where(name: str) -> None:
    with pytest.raises(ValueError, match=r"/nowhere.*ccepted: .*folder"):
        load(name, "/nowhere")


def test_a_dataset_of_files_without_a_root_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'cifar10' has no root"):
        load("cifar10", None)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'letters' .* accepted: digits"):
        load("letters", None)
