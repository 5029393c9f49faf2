"""AutoAugment: the published tables, and that their probabilities are kept."""

from math import prod

import pytest
import torch
from torchvision.transforms import AutoAugment as TorchvisionAutoAugment
from torchvision.transforms import AutoAugmentPolicy

from trainers.augmentations.autoaugment import AutoAugment
from trainers.augmentations.make import POLICIES
from trainers.augmentations.policies import SVHN
from trainers.draws import Draws


@pytest.mark.parametrize("name", POLICIES)
def test_the_policies_are_the_published_ones(name: str) -> None:
    published = TorchvisionAutoAugment(AutoAugmentPolicy(name)).policies
    plain = [
        tuple((name.replace("_", ""), probability, level) for name, probability, level in row) for row in POLICIES[name]
    ]
    assert plain == [
        tuple((name.lower(), probability, level or 0) for name, probability, level in row) for row in published
    ]


def test_images_stay_untouched_as_often_as_the_policy_says(generator: torch.Generator) -> None:
    images = torch.rand(20_000, 1, 8, 8, generator=generator)
    is_untouched = (AutoAugment(SVHN)(images, Draws(generator)) == images).flatten(1).all(dim=1)
    expected = sum(prod(1 - probability for _, probability, _ in row) for row in SVHN) / len(SVHN)
    assert is_untouched.float().mean().item() == pytest.approx(expected, rel=0.1)


def test_the_second_step_works_on_the_result_of_the_first(generator: torch.Generator) -> None:
    twice = ((("invert", 1.0, 0), ("invert", 1.0, 0)),)
    images = torch.rand(8, 1, 8, 8, generator=generator)
    torch.testing.assert_close(AutoAugment(twice)(images, Draws(generator)), images)
