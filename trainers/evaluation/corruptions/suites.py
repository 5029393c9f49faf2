"""The suites of corruptions: which constants, for images of which side, and how they fit other sides."""

# N images, C channels, H height, W width (= H)

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from trainers.evaluation.corruptions import blur, digital, noise, weather
from trainers.evaluation.corruptions.constants import CIFAR_C, IMAGENET_C, Strengths
from trainers.evaluation.corruptions.elastic import elastic_transform

SuiteName = Literal["small_images", "imagenet"]
SEVERITIES = (1, 2, 3, 4, 5)
LEVELS = 255
"""Corrupted images are stored in bytes, as the published ones: this many steps from black to white."""


@dataclass(frozen=True)
class Corruption:
    """How one corruption is done: `change` takes images_NCHW in [0, 1] and its constants; the result is then cut."""

    change: Callable[..., Tensor]
    powers: tuple[int, ...] = ()
    """For each of the first constants the power of length in its unit: 1 for pixels; the others have none."""
    is_random: bool = True
    moves_pixels: bool = False
    """Whether pixels move by lengths that a smaller image could not show."""


CORRUPTIONS: dict[str, Corruption] = {
    "gaussian_noise": Corruption(noise.gaussian_noise),
    "shot_noise": Corruption(noise.shot_noise),
    "impulse_noise": Corruption(noise.impulse_noise),
    "defocus_blur": Corruption(blur.defocus_blur, powers=(1, 1), is_random=False, moves_pixels=True),
    "glass_blur": Corruption(blur.glass_blur, powers=(1, 1), moves_pixels=True),
    "motion_blur": Corruption(blur.motion_blur, powers=(1, 1), moves_pixels=True),
    "zoom_blur": Corruption(blur.zoom_blur, is_random=False, moves_pixels=True),
    "snow": Corruption(weather.snow, powers=(0, 0, 1, 0, 1, 1)),
    "frost": Corruption(weather.frost),
    "fog": Corruption(weather.fog),
    "brightness": Corruption(weather.brightness, is_random=False),
    "contrast": Corruption(digital.contrast, is_random=False),
    # Smoothing by twice the pixels halves the noise, so what multiplies it is an area.
    "elastic_transform": Corruption(elastic_transform, powers=(2, 1, 1), moves_pixels=True),
    "pixelate": Corruption(digital.pixelate, is_random=False),
    "jpeg_compression": Corruption(digital.jpeg_compression, is_random=False),
}
"""All fifteen, in the order of the paper."""


@dataclass(frozen=True)
class Suite:
    """Fifteen corruptions in five severities, made for images of `side` pixels; lengths follow other sides."""

    name: SuiteName
    side: int
    strengths: dict[str, Strengths]
    images_per_block: int
    """Images that share a generator: part of what they look like, so it is fixed."""

    def corrupt(self, images_NCHW: Tensor, corruption: str, severity: int, block: int) -> Tensor:
        """The images of that block, square and in [0, 1], corrupted and rounded to bytes, in [0, 1] again.

        Equal arguments give equal images on every device, up to the rounding of a byte. A corruption that moves
        pixels sees a smaller image blown up to the suite's side at least, so that lengths below a pixel count.
        """
        recipe = CORRUPTIONS[corruption]
        blow_up = math.ceil(self.side / images_NCHW.shape[-1]) if recipe.moves_pixels else 1
        blown_up_NCHW = images_NCHW.repeat_interleave(blow_up, dim=2).repeat_interleave(blow_up, dim=3)
        constants = self._constants(corruption, severity, blown_up_NCHW.shape[-1])
        generator = self._generator(corruption, severity, block)
        chance = {"generator": generator} if recipe.is_random else {}
        changed_NCHW = recipe.change(blown_up_NCHW, *constants, **chance)
        return (LEVELS * avg_pool2d(changed_NCHW.clamp(0, 1), blow_up)).round() / LEVELS

    def _constants(self, corruption: str, severity: int, side: int) -> list[float]:
        """Of that severity, with lengths in pixels of images of that side."""
        constants = self.strengths[corruption][severity - 1]
        powers = CORRUPTIONS[corruption].powers
        powers += (0,) * (len(constants) - len(powers))
        return [
            one if power == 0 else one * (side / self.side) ** power
            for one, power in zip(constants, powers, strict=True)
        ]

    def _generator(self, corruption: str, severity: int, block: int) -> torch.Generator:
        """Of the suite's own: no seed of a trial or a sweep reaches it."""
        digest = hashlib.sha256(f"{self.name} {corruption} {severity} {block}".encode()).digest()
        return torch.Generator().manual_seed(int.from_bytes(digest[:8]) >> 1)


SUITES: dict[SuiteName, Suite] = {
    "small_images": Suite("small_images", 32, CIFAR_C, images_per_block=512),
    "imagenet": Suite("imagenet", 224, IMAGENET_C, images_per_block=64),
}
