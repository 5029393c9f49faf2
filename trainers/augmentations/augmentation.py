"""What every augmentation is to its caller, the one scale of their strengths, and how they follow each other."""

# B images, C channels, H height, W width

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from trainers.draws import Draws

LARGEST_MAGNITUDE = 30
"""End of the scale of strengths, which starts at 0 (arXiv:1909.13719)."""


class Augmentation(Protocol):
    """Draws one view of each image of a batch."""

    def __call__(self, images_BCHW: Tensor, draws: Draws) -> Tensor:
        """New images of the same shape and device, floats in [0, 1] like the given ones.

        Each image gets its own parameters. `draws` are the only source of randomness, and how much is taken from them
        does not depend on what they give.
        """


@dataclass(frozen=True)
class Chain:
    """One augmentation after the other."""

    parts: tuple[Augmentation, ...]

    def __call__(self, images_BCHW: Tensor, draws: Draws) -> Tensor:
        for part in self.parts:
            images_BCHW = part(images_BCHW, draws)
        return images_BCHW
