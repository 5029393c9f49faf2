"""RandAugment (arXiv:1909.13719): a few operations at random, all of one magnitude."""

# B images, C channels, H height, W width

from dataclasses import dataclass

import torch
from torch import Tensor

from trainers.augmentations.augmentation import LARGEST_MAGNITUDE
from trainers.augmentations.operations import OPERATIONS, apply_operations
from trainers.draws import Draws

OPERATIONS_PER_IMAGE = 2
"""The paper's N for ResNet-50 on ImageNet, and torchvision's default."""
CHOICES = tuple(name for name in OPERATIONS if name != "invert")
"""The paper's 14 operations (Sec. 3.1)."""


@dataclass(frozen=True)
class RandAugment:
    """Two operations per image, drawn with replacement, at `magnitude` of 30."""

    magnitude: int

    def __call__(self, images_BCHW: Tensor, draws: Draws) -> Tensor:
        """Each image changed twice in a row. In one-channel images "color", which does nothing, is not drawn."""
        is_grey = images_BCHW.shape[1] == 1
        choices = torch.tensor([OPERATIONS.index(name) for name in CHOICES if not (is_grey and name == "color")])
        drawn = draws.integers(len(choices), len(images_BCHW), OPERATIONS_PER_IMAGE)
        levels_B = torch.full((len(images_BCHW),), self.magnitude / LARGEST_MAGNITUDE)
        for numbers_B in choices[drawn]:
            images_BCHW = apply_operations(images_BCHW, numbers_B, levels_B, draws)
        return images_BCHW
