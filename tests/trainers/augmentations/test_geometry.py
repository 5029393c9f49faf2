"""Affine changes against torchvision, image by image, and against a loop over pixels."""

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as torchvision

from trainers.augmentations import geometry

AMOUNTS = [-0.3, -0.1, 0.0, 0.05, 0.2, 0.29]
NAMES = ("slope_x", "slope_y", "radians", "share_x", "share_y")

Images = Callable[..., Tensor]


def move(images: Tensor, amounts: dict[str, list[float]], ground: float = 0) -> Tensor:
    arguments = [torch.tensor(amounts.get(name, [0.0] * len(images))) for name in NAMES]
    return geometry.affine(images, geometry.affine_matrices(*arguments), ground)


def reference(image: Tensor, name: str, amount: float) -> Tensor:
    slant = [math.degrees(math.atan(amount)) if name == axis else 0.0 for axis in ("slope_x", "slope_y")]
    shift = [amount * image.shape[2] if name == axis else 0.0 for axis in ("share_x", "share_y")]
    angle = math.degrees(amount) if name == "radians" else 0.0
    return torchvision.affine(image, -angle, shift, 1.0, slant, interpolation=InterpolationMode.BILINEAR)


@pytest.mark.parametrize(("channels", "side"), [(1, 8), (3, 8), (3, 33)])
@pytest.mark.parametrize("name", NAMES)
def test_each_image_is_changed_as_torchvision_changes_it(
    name: str, channels: int, side: int, make_images: Images
) -> None:
    images = make_images(len(AMOUNTS), channels, side)
    expected = torch.stack([reference(image, name, amount) for image, amount in zip(images, AMOUNTS, strict=True)])
    # torchvision computes the places in another order, in single precision too.
    torch.testing.assert_close(move(images, {name: AMOUNTS}), expected, rtol=0, atol=1e-6 * side)


def test_images_turn_first_and_shift_then(make_images: Images) -> None:
    images = make_images(3)
    moved = move(images, {"radians": [math.pi / 2] * 3, "share_x": [1 / 8] * 3, "share_y": [2 / 8] * 3})
    turned = torch.rot90(images, dims=(2, 3))
    expected = torch.zeros_like(images)
    expected[:, :, 2:, 1:] = turned[:, :, :-2, :-1]
    torch.testing.assert_close(moved, expected, rtol=0, atol=1e-5)


def test_what_comes_into_view_is_of_the_ground(make_images: Images) -> None:
    images = make_images(2, channels=3)
    moved = move(images, {"share_x": [3 / 8] * 2}, ground=0.5)
    torch.testing.assert_close(moved[..., :3], torch.full((2, 3, 8, 3), 0.5))
    torch.testing.assert_close(moved[..., 3:], images[..., :5], rtol=0, atol=1e-6)


def test_images_need_not_be_square() -> None:
    images, matrices = torch.rand(4, 3, 5, 9), torch.eye(2, 3) + 0.3 * torch.rand(4, 2, 3)
    grid = affine_grid(matrices, [4, 3, 5, 9], align_corners=False)
    torch.testing.assert_close(geometry.affine(images, matrices), grid_sample(images, grid, align_corners=False))


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
    boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0], [0.3, -0.2, 0.5, 0.8], [-0.6, 0.6, 0.4, 0.4], [0.1, 0.1, -0.9, 0.25]])
    expected = torch.stack([crop_by_loops(image[0], *box) for image, box in zip(images, boxes.tolist(), strict=True)])
    torch.testing.assert_close(geometry.crop(images, *boxes.T)[:, 0], expected, rtol=0, atol=1e-5)


def test_a_box_of_whole_pixels_is_torchvisions_resized_crop_within_its_edges(make_images: Images) -> None:
    images, side = make_images(1, channels=3, side=32), 32
    top, left, height, width = 4, 6, 20, 16
    expected = torchvision.resized_crop(images, top, left, height, width, [side, side], antialias=True)
    centre_x, centre_y = (2 * left + width) / side - 1, (2 * top + height) / side - 1
    box = [torch.tensor([value]) for value in (centre_x, centre_y, width / side, height / side)]
    # At its own edges torchvision's box repeats its outermost pixel; ours still sees the neighbour.
    inner = slice(2, -2)
    torch.testing.assert_close(
        geometry.crop(images, *box)[..., inner, inner], expected[..., inner, inner], rtol=0, atol=1e-5
    )


def test_a_white_image_is_white_in_every_crop() -> None:
    white = torch.ones(1, 1, 8, 8)
    cropped = geometry.crop(white, *(torch.tensor([value]) for value in (-0.2, 0.2, 0.8, 0.8)))
    torch.testing.assert_close(cropped, white)
