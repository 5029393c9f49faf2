"""Makes an augmentation by name."""

# B images, C channels, H height, W width

from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from trainers.augmentations.augmentation import LARGEST_MAGNITUDE, Augmentation
from trainers.augmentations.autoaugment import AutoAugment
from trainers.augmentations.basic import Basic
from trainers.augmentations.randaugment import RandAugment
from trainers.augmentations.simaugment import SimAugment
from trainers.draws import Draws

AugmentationName = Literal["none", "basic", "autoaugment", "randaugment", "simaugment", "stacked_randaugment"]


def make_augmentation(name: AugmentationName, magnitude: int, image_size: int, channels: int) -> Augmentation:
    """An augmentation of square images with sides of `image_size` pixels and 1 or 3 channels.

    `magnitude` is the strength from 0 to 30; none, basic and autoaugment have a fixed one. Stacked RandAugment is
    RandAugment followed by SimAugment, both at this magnitude (arXiv:2005.10243).
    """
    if not 0 <= magnitude <= LARGEST_MAGNITUDE:
        raise ValueError(f"magnitude must be from 0 to {LARGEST_MAGNITUDE}, got {magnitude}")
    if channels not in {1, 3}:
        raise ValueError(f"channels must be 1 or 3, got {channels}")
    randaugment, simaugment = RandAugment(magnitude, channels), SimAugment(magnitude, image_size)
    augmentations: dict[AugmentationName, Augmentation] = {
        "none": _Stacked(()),
        "basic": Basic(),
        "autoaugment": AutoAugment(),
        "randaugment": randaugment,
        "simaugment": simaugment,
        "stacked_randaugment": _Stacked((randaugment, simaugment)),
    }
    return augmentations[name]


@dataclass(frozen=True)
class _Stacked:
    """One augmentation after the other."""

    parts: tuple[Augmentation, ...]

    def __call__(self, images_BCHW: Tensor, draws: Draws) -> Tensor:
        for part in self.parts:
            images_BCHW = part(images_BCHW, draws)
        return images_BCHW
