"""Splits of any dataset."""

import pytest
import torch

from trainers.datasets.labelled import InMemoryImages
from trainers.datasets.splits import Splits


def labelled(*labels: int) -> InMemoryImages:
    return InMemoryImages(torch.zeros(len(labels), 3, 4, 4), torch.tensor(labels))


def test_a_class_missing_from_a_split_is_named_with_its_split() -> None:
    with pytest.raises(ValueError, match=r"the validation split has no image of the classes \[1\] of 0 … 2"):
        Splits(labelled(0, 1, 2), labelled(0, 2), labelled(0, 1, 2), classes=3)


def test_shapes_are_read_from_the_training_images() -> None:
    splits = Splits(labelled(0, 1), labelled(0, 1), labelled(0, 1), classes=2)
    assert (splits.channels, splits.image_size) == (3, 4)


def test_the_fingerprint_tells_splits_apart_that_only_swap_their_parts() -> None:
    one, other = labelled(0, 1, 1), labelled(1, 0, 0)
    assert Splits(one, other, one, 2).fingerprint() != Splits(other, one, one, 2).fingerprint()


def test_the_fingerprint_depends_on_every_pixel() -> None:
    part = labelled(0, 1)
    before = Splits(part, part, part, 2).fingerprint()
    part.images[1, 2, 3, 3] = 1e-6
    assert Splits(part, part, part, 2).fingerprint() != before


def test_a_single_class_is_refused() -> None:
    with pytest.raises(ValueError, match=r"the images are of 1 class; accepted: at least 2"):
        Splits(labelled(0, 0), labelled(0), labelled(0), classes=1)
