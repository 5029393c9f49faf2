"""Wrong labels on purpose."""

import pytest
import torch

from trainers.datasets.label_noise import with_label_noise, with_noisy_training
from trainers.datasets.labelled import InMemoryImages
from trainers.datasets.splits import Splits

LABELS = torch.arange(6000) % 4


def noisy(share: float, seed: int = 0) -> torch.Tensor:
    return with_label_noise(LABELS, share, 4, torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.4, 0.9])
def test_exactly_the_share_is_wrong(share: float) -> None:
    assert int((noisy(share) != LABELS).sum()) == round(share * 6000)


def test_wrong_labels_are_spread_evenly_over_the_other_classes() -> None:
    found, was_first = noisy(0.6), LABELS == 0
    counts = found[was_first & (found != 0)].bincount(minlength=4)
    assert counts[0] == 0
    assert (counts[1:] - counts.sum() / 3).abs().max() < 60  # four standard deviations


def test_equal_seeds_give_equal_labels_and_others_do_not() -> None:
    assert torch.equal(noisy(0.3), noisy(0.3))
    assert not torch.equal(noisy(0.3), noisy(0.3, seed=1))


def test_the_labels_that_are_given_stay_as_they_are() -> None:
    noisy(0.5)
    assert torch.equal(LABELS, torch.arange(6000) % 4)


def test_a_class_that_loses_its_last_image_is_named() -> None:
    labels = torch.tensor([0, 1])
    with pytest.raises(ValueError, match=r"label_noise 0\.5 leaves no training image of the classes \[[01]\]"):
        with_label_noise(labels, 0.5, 2, torch.Generator().manual_seed(0))


def test_validation_and_test_stay_clean() -> None:
    part = InMemoryImages(torch.zeros(6000, 1, 2, 2), LABELS)
    splits = with_noisy_training(Splits(part, part, part, 4), 0.3, torch.Generator().manual_seed(0))
    assert (splits.train.labels != LABELS).any()
    assert splits.val is part
    assert splits.test is part
