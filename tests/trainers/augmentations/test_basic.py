"""Basic: how far it moves an image."""

import torch

from trainers.augmentations.basic import Basic
from trainers.draws import Draws


def test_a_blob_in_the_centre_moves_by_an_eighth_of_the_side_at_most(generator: torch.Generator) -> None:
    side, images = 33, torch.zeros(500, 1, 33, 33)
    images[:, :, 14:19, 14:19] = 1
    moved = Basic()(images, Draws(generator))[:, 0]
    places = torch.arange(side) - side // 2
    mass = moved.sum(dim=(1, 2))
    shift_x = (moved * places).sum(dim=(1, 2)) / mass
    shift_y = (moved * places[:, None]).sum(dim=(1, 2)) / mass
    for shift in (shift_x, shift_y):
        assert shift.abs().max() < side / 8 + 0.1
        assert shift.max() > 0.9 * side / 8
        assert shift.min() < -0.9 * side / 8
    torch.testing.assert_close(mass, torch.full((500,), 25.0), rtol=0.02, atol=0)
