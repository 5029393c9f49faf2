"""Affine changes against torchvision, image by image, and against a loop over pixels."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms import functional as torchvision

from trainers.augmentations import geometry

AMOUNTS = [-0.3, -0.1, 0.0, 0.05, 0.2, 0.29]
BILINEAR = InterpolationMode.BILINEAR

Images = Callable[..., Tensor]


def affine(image: Tensor, *, slope_x: float = 0.0, slope_y: float = 0.0, shift: tuple[float, float] = (0, 0)) -> Tensor:
    shear = [math.degrees(math.atan(slope_x)), math.degrees(math.atan(slope_y))]
    return torchvision.affine(image, 0.0, list(shift), 1.0, shear, interpolation=BILINEAR)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    ("change", "reference"),
    [
        (geometry.shear_x, lambda image, amount: affine(image, slope_x=amount)),
        (geometry.shear_y, lambda image, amount: affine(image, slope_y=amount)),
        (geometry.translate_x, lambda image, amount: affine(image, shift=(amount * 8, 0))),
        (geometry.translate_y, lambda image, amount: affine(image, shift=(0, amount * 8))),
        (geometry.rotate, lambda image, amount: torchvision.rotate(image, math.degrees(amount), BILINEAR)),
    ],
)
def test_each_image_is_changed_as_torchvision_changes_it(
    change: Callable[[Tensor, Tensor], Tensor],
    reference: Callable[[Tensor, float], Tensor],
    channels: int,
    make_images: Images,
) -> None:
    images = make_images(len(AMOUNTS), channels)
    expected = torch.stack([reference(image, amount) for image, amount in zip(images, AMOUNTS, strict=True)])
    torch.testing.assert_close(change(images, torch.tensor(AMOUNTS)), expected, rtol=0, atol=1e-5)


def test_move_turns_first_and_shifts_then(make_images: Images) -> None:
    images = make_images(3)
    quarter, share = torch.full((3,), math.pi / 2), torch.full((3,), 1 / 8)
    moved = geometry.move(images, quarter, share, 2 * share)
    turned = torch.rot90(images, dims=(2, 3))
    expected = torch.zeros_like(images)
    expected[:, :, 2:, 1:] = turned[:, :, :-2, :-1]
    torch.testing.assert_close(moved, expected, rtol=0, atol=1e-5)


def crop_by_loops(image_HW: Tensor, centre_x: float, centre_y: float, width: float, height: float) -> Tensor:
    """Bilinear sampling of a box, pixel by pixel; places beyond the edge take the edge's value."""
    side = len(image_HW)
    result = torch.zeros(side, side)

    def pixel(centre: float, share: float, place: int) -> float:
        coordinate = centre + share * ((2 * place + 1) / side - 1)
        return min(max(((coordinate + 1) * side - 1) / 2, 0.0), side - 1.0)

    for row in range(side):
        for column in range(side):
            y, x = pixel(centre_y, height, row), pixel(centre_x, width, column)
            top, left = min(int(y), side - 2), min(int(x), side - 2)
            down, right = y - top, x - left
            corners = image_HW[top : top + 2, left : left + 2]
            weights = torch.tensor([[(1 - down) * (1 - right), (1 - down) * right], [down * (1 - right), down * right]])
            result[row, column] = (corners * weights).sum()
    return result


def test_crops_equal_a_loop_over_pixels(make_images: Images) -> None:
    images = make_images(4)
    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0], [0.3, -0.2, 0.5, 0.8], [-0.6, 0.6, 0.4, 0.4], [0.1, 0.1, 0.9, 0.25]])
    expected = torch.stack([crop_by_loops(image[0], *box) for image, box in zip(images, boxes.tolist(), strict=True)])
    torch.testing.assert_close(geometry.crop(images, *boxes.T)[:, 0], expected, rtol=0, atol=1e-5)


def test_a_white_image_is_white_in_every_crop() -> None:
    white = torch.ones(1, 1, 8, 8)
    cropped = geometry.crop(white, *(torch.tensor([value]) for value in (-0.2, 0.2, 0.8, 0.8)))
    torch.testing.assert_close(cropped, white)
