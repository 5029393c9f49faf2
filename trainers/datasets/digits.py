"""Real handwritten digits of 8×8 pixels: scikit-learn's copy of the UCI optical digits, 1797 images, no download."""

import torch
from sklearn.datasets import load_digits

from trainers.datasets.labelled import InMemoryImages
from trainers.datasets.make_splits import split_whole
from trainers.datasets.splits import Splits
from trainers.datasets.stratified import Division

CLASSES = 10
TEST_IMAGES = 360
"""A fifth of each class, rounded."""
BRIGHTEST = 16
"""Pixels count the inked dots of a 4×4 block."""


def load_digits_splits(division: Division) -> Splits:
    """The digits on the CPU. The test images are the same for every division."""
    digits = load_digits()
    images_NHW = torch.from_numpy(digits.images).float() / BRIGHTEST
    images = InMemoryImages(images_NHW[:, None], torch.from_numpy(digits.target))
    return split_whole(images, TEST_IMAGES, CLASSES, division)
