"""Splits indices class by class, so that every part has each class in the same share."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split

Indices = NDArray[np.int64]

TEST_SEED = 0
"""Fixed, so that every sweep is tested on the same images whatever its split_seed."""


@dataclass(frozen=True)
class SplitIndices:
    """Disjoint positions of images in their dataset."""

    train: Indices
    val: Indices
    test: Indices


def hold_out_test(
    labels_N: Indices, *, test_images: int, val_fraction: float, train_fraction: float, split_seed: int
) -> SplitIndices:
    """Holds `test_images` out, the same ones whatever the other arguments, and divides the rest by `split_seed`.

    `val_fraction` is the share of the rest that goes to validation, `train_fraction` the share of what then remains
    that is trained on. Raises ValueError, naming the field, where a share has no room for one image per class.
    """
    rest, test = train_test_split(
        np.arange(len(labels_N)), test_size=test_images, stratify=labels_N, random_state=TEST_SEED
    )
    val, train = _divide("val_fraction", val_fraction, rest, labels_N, split_seed)
    if train_fraction < 1:
        train, _ = _divide("train_fraction", train_fraction, train, labels_N, split_seed)
    return SplitIndices(train, val, test)


def _divide(
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
