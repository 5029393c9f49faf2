"""The random crop of contrastive learning (arXiv:1409.4842; arXiv:2002.05709, App. A), with its flip."""

# B images, C channels, H height, W width

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from trainers.augmentations.geometry import crop
from trainers.draws import Draws

LARGEST_LOG_RATIO = math.log(4 / 3)
"""Of a box's width to its height."""


@dataclass(frozen=True)
class ResizedCrop:
    """A random box of each image, blown up to the image's size; a `strength` of 0 takes the whole image, 1 any box.

    Boxes have at least `smallest_area` of the image. Unlike torchvision's, their sides are not whole pixels, which are
    too coarse in small images, and one that is too wide or high is cut instead of drawn again.
    """

    smallest_area: float
    strength: float
    mirrors: bool
    """Whether every other view is mirrored."""

    def __call__(self, images_BCHW: Tensor, draws: Draws) -> Tensor:
        """Each image seen through its own box."""
        count = len(images_BCHW)
        area_B = draws.uniform(1 - (1 - self.smallest_area) * self.strength, 1, count)
        half_log_ratio_B = LARGEST_LOG_RATIO * self.strength * draws.uniform(-0.5, 0.5, count)
        width_B = (area_B.sqrt() * half_log_ratio_B.exp()).clamp(max=1)
        height_B = (area_B.sqrt() / half_log_ratio_B.exp()).clamp(max=1)
        centre_x_B = (1 - width_B) * draws.uniform(-1, 1, count)
        centre_y_B = (1 - height_B) * draws.uniform(-1, 1, count)
        if self.mirrors:
            width_B = torch.where(draws.uniform(0, 1, count) < 0.5, -width_B, width_B)
        return crop(images_BCHW, centre_x_B, centre_y_B, width_B, height_B)
