"""Images that corruptions can show on: smooth shapes, no two alike, of any side and channels."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate


@pytest.fixture
def make_images() -> Callable[[int, int, int], Tensor]:
    """Makes count × channels × side × side in [0, 1] from coarse noise."""

    def make(count: int, channels: int, side: int) -> Tensor:
        coarse = torch.rand(count, channels, 5, 5, generator=torch.Generator().manual_seed(side))
        return interpolate(coarse, size=side, mode="bilinear", align_corners=False)

    return make
