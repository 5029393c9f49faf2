"""What every augmentation is to its caller."""

# B images, C channels, H height, W width

from typing import Protocol

import torch
from torch import Tensor


class Augmentation(Protocol):
    """Draws one view of each image of a batch."""

    def __call__(self, images_BCHW: Tensor, generator: torch.Generator) -> Tensor:
        """New images of the same shape and device, floats in [0, 1] like the given ones.

        Each image gets its own parameters. `generator` is a CPU generator and the only source of randomness.
        """
