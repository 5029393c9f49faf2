"""Makes the three splits out of labelled images, with the published test images where there are some."""

import torch

from trainers.datasets.labelled import LabelledImages
from trainers.datasets.splits import Splits
from trainers.datasets.stratified import Division, Indices, divide, hold_out


def split_published(training: LabelledImages, test: LabelledImages, classes: int, division: Division) -> Splits:
    """The published test images stay the test; validation comes out of the published training images."""
    return _split(training, torch.arange(len(training)).numpy(), test, classes, division)


def split_whole(images: LabelledImages, test_images: int, classes: int, division: Division) -> Splits:
    """Holds `test_images` out, in every class its share, and the same ones for every `division`."""
    rest, test = hold_out(images.labels.numpy(), test_images)
    return _split(images, rest, images.subset(torch.from_numpy(test)), classes, division)


def _split(images: LabelledImages, rest: Indices, test: LabelledImages, classes: int, division: Division) -> Splits:
    train, val = divide(images.labels.numpy(), rest, division)
    return Splits(images.subset(torch.from_numpy(train)), images.subset(torch.from_numpy(val)), test, classes)
