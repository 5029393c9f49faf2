"""The same policies from torchvision v2 and, where it is installed, from kornia: what our own code competes with."""

from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.transforms import v2

from trainers.augmentations.augmentation import LARGEST_MAGNITUDE
from trainers.augmentations.basic import LARGEST_SHIFT
from trainers.augmentations.make import SMALLEST_AREA, SMALLEST_AREA_OF_LARGE, SMALLEST_LARGE_SIDE, AugmentationName

Augment = Callable[[Tensor], Tensor]

BILINEAR = v2.InterpolationMode.BILINEAR
POLICIES_OF_KORNIA = {"autoaugment", "randaugment", "stacked_randaugment"}
"""For these kornia draws the operations once per batch; only their strengths are the images' own."""


def torchvision_batched(name: AugmentationName, magnitude: int, images_BCHW: Tensor) -> Augment:
    """One draw for the whole batch, which is wrong."""
    return v2.Compose(list(_torchvision_parts(name, magnitude, *images_BCHW.shape[1:3])))


def torchvision_per_image(name: AugmentationName, magnitude: int, images_BCHW: Tensor) -> Augment:
    """One call per image."""
    augment = torchvision_batched(name, magnitude, images_BCHW)
    return lambda images: torch.stack([augment(image) for image in images])


def kornia_batched(name: AugmentationName, magnitude: int, images_BCHW: Tensor) -> Augment | None:
    """None where kornia is not installed, or has no such policy for one channel."""
    channels, side = images_BCHW.shape[1:3]
    if find_spec("kornia") is None or channels == 1:
        return None
    return nn.Sequential(*_kornia_parts(name, magnitude, side))


def _torchvision_parts(name: AugmentationName, magnitude: int, channels: int, side: int) -> Iterable[nn.Module]:
    strength, shows_objects = magnitude / LARGEST_MAGNITUDE, channels == 3
    if name == "basic" and shows_objects:
        yield from (v2.RandomCrop(side, padding=side // 8), v2.RandomHorizontalFlip())
    elif name == "basic":
        yield v2.RandomAffine(10, (LARGEST_SHIFT, LARGEST_SHIFT), interpolation=BILINEAR)
    elif shows_objects or name in {"simaugment", "stacked_randaugment"}:
        yield v2.RandomResizedCrop(side, (_smallest_area(side), 1))
        yield v2.RandomHorizontalFlip(0.5 if shows_objects else 0)
    if name in {"simaugment", "stacked_randaugment"}:
        yield v2.RandomApply([v2.ColorJitter(*_jitter(strength))], 0.8)
    if name in {"randaugment", "stacked_randaugment"}:
        yield v2.RandAugment(2, magnitude, interpolation=BILINEAR)
    if name == "autoaugment":
        yield v2.AutoAugment(v2.AutoAugmentPolicy("imagenet" if shows_objects else "svhn"), BILINEAR)
    if name in {"simaugment", "stacked_randaugment"} and shows_objects:
        yield v2.RandomGrayscale(0.2)
        if side >= SMALLEST_LARGE_SIDE:
            yield v2.RandomApply([v2.GaussianBlur(_kernel_size(side), (0.1, 2.0))], 0.5)


def _kornia_parts(name: AugmentationName, magnitude: int, side: int) -> Iterable[nn.Module]:
    from kornia import augmentation as kornia  # noqa: PLC0415  (not a dependency of ours)
    from kornia.augmentation import auto  # noqa: PLC0415

    if name == "basic":
        yield from (kornia.RandomCrop((side, side), padding=side // 8), kornia.RandomHorizontalFlip())
        return
    yield from (kornia.RandomResizedCrop((side, side), (_smallest_area(side), 1.0)), kornia.RandomHorizontalFlip())
    if name in {"simaugment", "stacked_randaugment"}:
        yield kornia.ColorJitter(*_jitter(magnitude / LARGEST_MAGNITUDE), p=0.8)
    if name in {"randaugment", "stacked_randaugment"}:
        yield auto.RandAugment(2, magnitude)
    if name == "autoaugment":
        yield auto.AutoAugment("imagenet")
    if name in {"simaugment", "stacked_randaugment"}:
        yield kornia.RandomGrayscale(p=0.2)
        if side >= SMALLEST_LARGE_SIDE:
            yield kornia.RandomGaussianBlur((_kernel_size(side), _kernel_size(side)), (0.1, 2.0), p=0.5)


def _smallest_area(side: int) -> float:
    return SMALLEST_AREA_OF_LARGE if side >= SMALLEST_LARGE_SIDE else SMALLEST_AREA


def _jitter(strength: float) -> tuple[Any, ...]:
    return (0.8 * strength, 0.8 * strength, 0.8 * strength, 0.2 * strength)


def _kernel_size(side: int) -> int:
    return side // 10 // 2 * 2 + 1
