"""The plain augmentations of supervised training: one for objects, one for symbols."""

# B images, C channels, H height, W width, P pixels

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from trainers.augmentations.geometry import affine, affine_matrices
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
        count, channels, height, width = images_BCHW.shape
        padding = int(LARGEST_SHIFT * width)
        top_B, left_B = draws.integers(2 * padding + 1, count, 2)
        is_mirrored_B = draws.integers(2, count) == 1
        columns_W = torch.arange(width)
        columns_BW = torch.where(is_mirrored_B[:, None], columns_W.flip(0), columns_W) + left_B[:, None]
        rows_BH = torch.arange(height) + top_B[:, None]
        rows_BH, columns_BW = (one.to(images_BCHW.device, non_blocking=True) for one in (rows_BH, columns_BW))
        places_BHW = rows_BH[:, :, None] * (width + 2 * padding) + columns_BW[:, None]
        places_BCP = places_BHW.flatten(1)[:, None].expand(-1, channels, -1)
        return pad(images_BCHW, [padding] * 4).flatten(2).gather(2, places_BCP).view_as(images_BCHW)


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
