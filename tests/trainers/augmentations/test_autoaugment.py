"""AutoAugment: the published table, and that its probabilities are kept."""

from math import prod

import pytest
import torch
from torchvision.transforms import AutoAugment as TorchvisionAutoAugment
from torchvision.transforms import AutoAugmentPolicy

from trainers.augmentations.autoaugment import SVHN_POLICY, AutoAugment
from trainers.draws import Draws


def test_the_policy_is_torchvisions_for_svhn() -> None:
    published = TorchvisionAutoAugment(AutoAugmentPolicy.SVHN).policies
    plain = [
        tuple((name.replace("_", ""), probability, level) for name, probability, level in row) for row in SVHN_POLICY
    ]
    assert plain == [
        tuple((name.lower(), probability, level or 0) for name, probability, level in row) for row in published
    ]


def test_images_stay_untouched_as_often_as_the_policy_says(generator: torch.Generator) -> None:
    images = torch.rand(20_000, 1, 8, 8, generator=generator)
    is_untouched = (AutoAugment()(images, Draws(generator)) == images).flatten(1).all(dim=1)
    expected = sum(prod(1 - probability for _, probability, _ in row) for row in SVHN_POLICY) / len(SVHN_POLICY)
    assert is_untouched.float().mean().item() == pytest.approx(expected, rel=0.1)
