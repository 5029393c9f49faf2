"""The table of operations and their application to the images that they were drawn for."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from trainers.augmentations.operations import OPERATION_NUMBERS, OPERATIONS, apply_operations
from trainers.draws import Draws

WITHOUT_LEVELS = {"autocontrast", "equalize", "invert"}

Images = Callable[..., Tensor]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - WITHOUT_LEVELS))
def test_level_zero_changes_nothing(name: str, channels: int, make_images: Images) -> None:
    images = make_images(channels=channels)
    images[:, :, 0, :2] = torch.tensor([0.0, 1.0])
    half_a_grey_level = 0.5 / 255
    unchanged = OPERATIONS[name].change(images, torch.zeros(len(images)))
    torch.testing.assert_close(unchanged, images, rtol=0, atol=1.001 * half_a_grey_level)


@pytest.mark.parametrize("name", sorted(set(OPERATIONS) - {"identity"}))
def test_the_full_level_changes_every_image_within_the_range(name: str, make_images: Images) -> None:
    images = 0.2 + 0.6 * make_images(channels=3)
    for sign in (1, -1) if OPERATIONS[name].is_signed else (1,):
        changed = OPERATIONS[name].change(images, torch.full((len(images),), float(sign)))
        assert (changed - images).abs().amax(dim=(1, 2, 3)).min() > 0.05
        assert changed.min() >= 0
        assert changed.max() <= 1


def test_every_image_gets_its_own_operation_at_its_own_level(make_images: Images) -> None:
    images = make_images(3 * len(OPERATIONS), channels=3)
    numbers = torch.arange(len(OPERATIONS)).repeat(3)
    levels = torch.linspace(0, 1, len(images))
    changed = apply_operations(images, numbers, levels, Draws(torch.Generator().manual_seed(5)))

    signs = 2 * torch.randint(2, numbers.shape, generator=torch.Generator().manual_seed(5)) - 1
    for place, operation in enumerate(list(OPERATIONS.values()) * 3):
        level = levels[place : place + 1] * (signs[place] if operation.is_signed else 1)
        alone = operation.change(images[place : place + 1], level)
        torch.testing.assert_close(changed[place : place + 1], alone, rtol=0, atol=1e-6)


def test_signed_operations_go_both_ways_equally_often(generator: torch.Generator) -> None:
    images = torch.zeros(1000, 1, 8, 8)
    images[:, :, :, 3:5] = 1
    numbers = torch.full((1000,), OPERATION_NUMBERS["translate_x"])
    moved = apply_operations(images, numbers, torch.full((1000,), 0.5), Draws(generator))
    is_right = moved[:, 0, 0, 6:].sum(dim=1) > moved[:, 0, 0, :2].sum(dim=1)
    assert is_right.float().mean().item() == pytest.approx(0.5, abs=0.05)


def test_the_given_images_are_left_alone(make_images: Images, generator: torch.Generator) -> None:
    images = make_images(len(OPERATIONS))
    before = images.clone()
    apply_operations(images, torch.arange(len(OPERATIONS)), torch.ones(len(OPERATIONS)), Draws(generator))
    assert torch.equal(images, before)
