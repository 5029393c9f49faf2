"""The plain augmentations of supervised training: one for objects, one for symbols."""

# B images, C channels, H height, W width

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from trainers.augmentations.geometry import affine, affine_matrices, crop
from trainers.draws import Draws

LARGEST_SHIFT = 1 / 8
"""Share of the side: CIFAR's padding of 4 on 32 pixels (arXiv:1512.03385, Sec. 4.2)."""
LARGEST_ANGLE = math.radians(10)
"""Small enough that no digit becomes another."""


@dataclass(frozen=True)
class PaddedCrop:
    """For objects: pads with black, crops to the size again at a random place, and mirrors every other view."""

    def __call__(self, images_BCHW: Tensor, draws: Draws) -> Tensor:
        """Each image moved by whole pixels along both sides, uniformly in both directions."""
        count, side = len(images_BCHW), images_BCHW.shape[3]
        padding = int(LARGEST_SHIFT * side)
        centre_x_B, centre_y_B = (draws.integers(2 * padding + 1, count, 2) - padding) * 2 / side
        width_B = 2.0 * draws.integers(2, count) - 1
        return crop(images_BCHW, centre_x_B, centre_y_B, width_B, torch.ones(count), beyond_edges="zeros")


@dataclass(frozen=True)
class ShiftAndTurn:
    """For symbols, whose mirror images are others: a shift and a small turn, in one sampling."""

    def __call__(self, images_BCHW: Tensor, draws: Draws) -> Tensor:
        """Each image shifted along both sides and turned about its centre, uniformly in both directions."""
        radians_B, share_x_B, share_y_B = draws.uniform(-1, 1, len(images_BCHW), 3)
        zero_B = torch.zeros_like(radians_B)
        matrices_B23 = affine_matrices(
            zero_B, zero_B, LARGEST_ANGLE * radians_B, LARGEST_SHIFT * share_x_B, LARGEST_SHIFT * share_y_B
        )
        return affine(images_BCHW, matrices_B23.to(images_BCHW.device, non_blocking=True))
