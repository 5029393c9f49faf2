"""Changes of colour against torchvision, image by image, and the hue against the standard library."""

import colorsys
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torchvision.transforms.v2 import functional as torchvision

from trainers.augmentations import color

FACTORS = [0.0, 0.1, 0.73, 1.0, 1.4, 1.9]
TURNS = [-0.5, -0.2, 0.0, 0.1, 1 / 3, 0.5]

Images = Callable[..., Tensor]


def test_saturation_equals_torchvisions(make_images: Images) -> None:
    images = make_images(len(FACTORS), channels=3)
    expected = [torchvision.adjust_saturation(image, factor) for image, factor in zip(images, FACTORS, strict=True)]
    changed = color.adjust_saturation(images, torch.tensor(FACTORS))
    torch.testing.assert_close(changed, torch.stack(expected), rtol=0, atol=1e-6)


def test_hue_equals_torchvisions(make_images: Images) -> None:
    images = make_images(len(TURNS), channels=3, side=32)
    expected = [torchvision.adjust_hue(image, turn) for image, turn in zip(images, TURNS, strict=True)]
    torch.testing.assert_close(color.adjust_hue(images, torch.tensor(TURNS)), torch.stack(expected), rtol=0, atol=5e-6)


@pytest.mark.parametrize("turn", [-0.3, 0.0, 0.25, 0.9])
def test_hue_equals_the_standard_librarys_for_every_corner_of_the_colour_cube(turn: float) -> None:
    levels = (0.0, 0.4, 1.0)
    colours = [(red, green, blue) for red in levels for green in levels for blue in levels]
    images = torch.tensor(colours).view(-1, 3, 1, 1)
    expected = []
    for one in colours:
        hue, saturation, value = colorsys.rgb_to_hsv(*one)
        expected.append(colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value))
    changed = color.adjust_hue(images, torch.full((len(colours),), turn))
    torch.testing.assert_close(changed.view(-1, 3), torch.tensor(expected), rtol=0, atol=1e-6)


@pytest.mark.parametrize("change", [color.adjust_hue, color.adjust_saturation])
def test_one_channel_has_no_colour(change: Callable[[Tensor, Tensor], Tensor], make_images: Images) -> None:
    images = make_images(4, channels=1)
    assert torch.equal(change(images, torch.full((4,), 0.3)), images)
