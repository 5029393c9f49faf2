"""The basic augmentations: how far they move an image."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import pad

from trainers.augmentations.basic import PaddedCrop, ShiftAndTurn
from trainers.draws import Draws


def test_a_blob_in_the_centre_moves_by_an_eighth_of_the_side_at_most(generator: torch.Generator) -> None:
    side, images = 33, torch.zeros(500, 1, 33, 33)
    images[:, :, 14:19, 14:19] = 1
    moved = ShiftAndTurn()(images, Draws(generator))[:, 0]
    places = torch.arange(side) - side // 2
    mass = moved.sum(dim=(1, 2))
    shift_x = (moved * places).sum(dim=(1, 2)) / mass
    shift_y = (moved * places[:, None]).sum(dim=(1, 2)) / mass
    for shift in (shift_x, shift_y):
        assert shift.abs().max() < side / 8 + 0.1
        assert shift.max() > 0.9 * side / 8
        assert shift.min() < -0.9 * side / 8
    torch.testing.assert_close(mass, torch.full((500,), 25.0), rtol=0.02, atol=0)


def test_padded_crops_are_slices_of_the_padded_image_or_of_its_mirror_image(
    make_images: Callable[..., Tensor], generator: torch.Generator
) -> None:
    image = make_images(1, channels=3, side=16)
    padded = pad(image, [2] * 4)
    slices = [padded[:, :, top : top + 16, left : left + 16] for top in range(5) for left in range(5)]
    expected = torch.cat([*slices, *(one.flip(3) for one in slices)])
    views = PaddedCrop()(image.expand(1000, 3, 16, 16), Draws(generator))
    distance, nearest = torch.cdist(views.flatten(1), expected.flatten(1), p=torch.inf).min(dim=1)
    assert distance.max() == 0
    assert set(nearest.tolist()) == set(range(50))
