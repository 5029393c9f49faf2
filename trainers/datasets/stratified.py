"""Splits indices class by class, so that every part has each class in the same share."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

Indices = NDArray[np.int64]

TEST_SEED = 0
"""Fixed, so that every sweep is tested on the same images whatever its split_seed."""


@dataclass(frozen=True)
class Division:
    """How the images outside the test split are divided, class by class."""

    val_fraction: float
    """Their share that goes to validation."""
    train_fraction: float
    """The share of what then remains that is trained on."""
    split_seed: int


def hold_out(labels_N: Indices, test_images: int) -> tuple[Indices, Indices]:
    """Positions of the images outside the test and of the test: the same ones in every sweep."""
    rest, test = train_test_split(
        np.arange(len(labels_N)), test_size=test_images, stratify=labels_N, random_state=TEST_SEED
    )
    return rest, test


def divide(labels_N: Indices, rest: Indices, division: Division) -> tuple[Indices, Indices]:
    """Divides the positions `rest` into those of training and of validation, by the seed.

    Raises ValueError, naming the field, where a share has no room for one image per class.
    """
    val, train = _share("val_fraction", division.val_fraction, rest, labels_N, division.split_seed)
    if division.train_fraction < 1:
        train, _ = _share("train_fraction", division.train_fraction, train, labels_N, division.split_seed)
    return train, val


def _share(
    field: str, fraction: float, indices: Indices, labels_N: Indices, split_seed: int
) -> tuple[Indices, Indices]:
    """A share of the indices, class by class, and the others."""
    try:
        share, others = train_test_split(
            indices, train_size=fraction, stratify=labels_N[indices], random_state=split_seed
        )
    except ValueError as error:
        raise ValueError(
            f"{field} {fraction} with split_seed {split_seed} cannot divide {len(indices)} images: {error}"
        ) from error
    return share, others
