"""The plain augmentation of small images: a random shift, as padding and cropping give, and a small turn."""

# B images, C channels, H height, W width

import math
from dataclasses import dataclass

from torch import Tensor

from trainers.augmentations.geometry import move
from trainers.draws import Draws

LARGEST_SHIFT = 1 / 8
"""Share of the side: CIFAR's padding of 4 on 32 pixels (arXiv:1512.03385, Sec. 4.2)."""
LARGEST_ANGLE = math.radians(10)
"""Small enough that no digit becomes another."""


@dataclass(frozen=True)
class Basic:
    """Shift and turn of fixed strength, in one sampling."""

    def __call__(self, images_BCHW: Tensor, draws: Draws) -> Tensor:
        """Each image shifted along both sides and turned about its centre, uniformly in both directions."""
        radians_B, share_x_B, share_y_B = draws.uniform(-1, 1, len(images_BCHW), 3).to(images_BCHW.device)
        return move(images_BCHW, LARGEST_ANGLE * radians_B, LARGEST_SHIFT * share_x_B, LARGEST_SHIFT * share_y_B)
