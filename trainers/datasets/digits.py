"""Real handwritten digits of 8×8 pixels: scikit-learn's copy of the UCI optical digits, 1797 images, no download."""

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from trainers.datasets.labelled import InMemoryImages
from trainers.datasets.splits import Splits
from trainers.datasets.stratified import hold_out_test

CLASSES = 10
TEST_IMAGES = 360
"""A fifth of each class, rounded."""
BRIGHTEST = 16
"""Pixels count the inked dots of a 4×4 block."""


def load_digits_splits(*, val_fraction: float, train_fraction: float, split_seed: int) -> Splits:
    """The digits on the CPU. The test images are the same for every argument; see `hold_out_test`."""
    digits = load_digits()
    indices = hold_out_test(
        digits.target,
        test_images=TEST_IMAGES,
        val_fraction=val_fraction,
        train_fraction=train_fraction,
        split_seed=split_seed,
    )
    images_NHW = (digits.images / BRIGHTEST).astype(np.float32)
    train, val, test = (
        _labelled(images_NHW[chosen], digits.target[chosen]) for chosen in (indices.train, indices.val, indices.test)
    )
    return Splits(train, val, test, CLASSES)


def _labelled(images_NHW: NDArray[np.float32], labels_N: NDArray[np.int64]) -> InMemoryImages:
    return InMemoryImages(torch.from_numpy(images_NHW[:, None]), torch.from_numpy(labels_N))
