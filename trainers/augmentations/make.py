"""Makes an augmentation by name."""

from typing import Literal

from trainers.augmentations.augmentation import LARGEST_MAGNITUDE, Augmentation, Chain
from trainers.augmentations.autoaugment import AutoAugment
from trainers.augmentations.basic import PaddedCrop, ShiftAndTurn
from trainers.augmentations.crop import ResizedCrop
from trainers.augmentations.policies import CIFAR10, IMAGENET, SVHN
from trainers.augmentations.randaugment import RandAugment
from trainers.augmentations.simaugment import Blur, ColorJitter, Greyscale

AugmentationName = Literal["none", "basic", "autoaugment", "randaugment", "simaugment", "stacked_randaugment"]
PolicyName = Literal["svhn", "cifar10", "imagenet"]

POLICIES = {"svhn": SVHN, "cifar10": CIFAR10, "imagenet": IMAGENET}
SMALLEST_LARGE_SIDE = 64
"""From here on images are treated as the released SupCon code treats ImageNet's, below as CIFAR's."""
SMALLEST_AREA, SMALLEST_AREA_OF_LARGE = 0.2, 0.08
"""Shares of an image that a crop has at least: in small and in large images."""


def make_augmentation(
    name: AugmentationName,
    magnitude: int,
    image_size: int,
    channels: int,
    mirrors: bool = False,
    policy: PolicyName = "svhn",
) -> Augmentation:
    """An augmentation of square images with sides of `image_size` pixels and 1 or 3 channels.

    `magnitude` is the strength from 0 to 30; none, basic and autoaugment have a fixed one. `policy` is autoaugment's.
    `mirrors` says that the images show objects, whose class survives mirroring and in any part of them: all but none
    and basic then start from a crop at full strength, as in the released SupCon code. In symbols, such as digits,
    only simaugment and stacked_randaugment crop, in proportion to the magnitude.
    """
    if not 0 <= magnitude <= LARGEST_MAGNITUDE:
        raise ValueError(f"magnitude must be from 0 to {LARGEST_MAGNITUDE}, got {magnitude}")
    if channels not in {1, 3}:
        raise ValueError(f"channels must be 1 or 3, got {channels}")
    strength, is_large = magnitude / LARGEST_MAGNITUDE, image_size >= SMALLEST_LARGE_SIDE
    smallest_area = SMALLEST_AREA_OF_LARGE if is_large else SMALLEST_AREA
    crop = ResizedCrop(smallest_area, strength=1 if mirrors else strength, mirrors=mirrors)
    start = (crop,) if mirrors else ()
    grey = (Greyscale(),) if channels > 1 else ()
    end = (*grey, Blur()) if is_large else grey
    parts: dict[AugmentationName, tuple[Augmentation, ...]] = {
        "none": (),
        "basic": (PaddedCrop() if mirrors else ShiftAndTurn(),),
        "autoaugment": (*start, AutoAugment(POLICIES[policy])),
        "randaugment": (*start, RandAugment(magnitude)),
        "simaugment": (crop, ColorJitter(strength), *end),
        # arXiv:2005.10243 (InfoMin), in the order of the released SupCon code.
        "stacked_randaugment": (crop, ColorJitter(strength), RandAugment(magnitude), *end),
    }
    return Chain(parts[name])
