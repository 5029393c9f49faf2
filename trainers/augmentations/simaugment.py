"""SimAugment: SimCLR's crop, colour jitter and blur (arXiv:2002.05709, App. A), without the flip.

A strength of 1 (magnitude 30) is SimCLR's on ImageNet, 0.5 that of the released SupCon run on CIFAR-10.
"""

# B images, C channels, H height, W width

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from trainers.augmentations.augmentation import LARGEST_MAGNITUDE
from trainers.augmentations.filters import gaussian_blur
from trainers.augmentations.geometry import crop
from trainers.augmentations.intensity import adjust_brightness, adjust_contrast, adjust_saturation
from trainers.draws import Draws

SMALLEST_AREA = 0.2
"""Share of the image that a crop keeps at least: for small images, from the PyTorch reference of SupCon."""
LARGEST_LOG_RATIO = math.log(4 / 3)
"""Of a crop's width to its height."""
LARGEST_JITTER = 0.8
JITTER_PROBABILITY = 0.8
SMALLEST_SIGMA, LARGEST_SIGMA = 0.1, 2.0
"""Of the blur, in pixels."""
BLUR_PROBABILITY = 0.5
SIDES_PER_KERNEL = 10
"""The blur's kernel is a tenth of the side wide; under two pixels there is none."""


@dataclass(frozen=True)
class SimAugment:
    """Crop, jitter and blur whose ranges grow in proportion to the magnitude; 0 changes nothing."""

    magnitude: int
    image_size: int

    def __call__(self, images_BCHW: Tensor, draws: Draws) -> Tensor:
        """Each image cropped and blown up, then jittered and blurred by chance."""
        images_BCHW = self._jitter(self._crop(images_BCHW, draws), draws)
        return self._blur(images_BCHW, draws) if self._blur_radius > 0 else images_BCHW

    @property
    def _strength(self) -> float:
        return self.magnitude / LARGEST_MAGNITUDE

    @property
    def _blur_radius(self) -> int:
        return self.image_size // SIDES_PER_KERNEL // 2

    def _crop(self, images_BCHW: Tensor, draws: Draws) -> Tensor:
        count = len(images_BCHW)
        area_B = draws.uniform(1 - (1 - SMALLEST_AREA) * self._strength, 1, count)
        half_log_ratio_B = LARGEST_LOG_RATIO * self._strength * draws.uniform(-0.5, 0.5, count)
        width_B = (area_B.sqrt() * half_log_ratio_B.exp()).clamp(max=1)
        height_B = (area_B.sqrt() / half_log_ratio_B.exp()).clamp(max=1)
        centre_x_B = (1 - width_B) * draws.uniform(-1, 1, count)
        centre_y_B = (1 - height_B) * draws.uniform(-1, 1, count)
        boxes = (one.to(images_BCHW.device) for one in (centre_x_B, centre_y_B, width_B, height_B))
        return crop(images_BCHW, *boxes)

    def _jitter(self, images_BCHW: Tensor, draws: Draws) -> Tensor:
        """Hue, which one-channel images do not have, stays."""
        jitter_3B = LARGEST_JITTER * self._strength * draws.uniform(-1, 1, len(images_BCHW), 3)
        is_done_B = draws.uniform(0, 1, len(images_BCHW)) < JITTER_PROBABILITY
        factors_3B = (1 + jitter_3B * is_done_B).to(images_BCHW.device)
        images_BCHW = adjust_contrast(adjust_brightness(images_BCHW, factors_3B[0]), factors_3B[1])
        return adjust_saturation(images_BCHW, factors_3B[2])

    def _blur(self, images_BCHW: Tensor, draws: Draws) -> Tensor:
        largest = SMALLEST_SIGMA + (LARGEST_SIGMA - SMALLEST_SIGMA) * self._strength
        sigma_B = draws.uniform(SMALLEST_SIGMA, largest, len(images_BCHW))
        is_done_B = draws.uniform(0, 1, len(images_BCHW)) < BLUR_PROBABILITY
        # The smallest sigma leaves an image as it is: e^−50 of a neighbour.
        sigma_B = torch.where(is_done_B, sigma_B, SMALLEST_SIGMA).to(images_BCHW.device)
        return gaussian_blur(images_BCHW, sigma_B, 2 * self._blur_radius + 1)
