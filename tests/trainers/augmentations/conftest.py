"""Images and generators that the augmentations' tests share."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def make_images() -> Callable[..., Tensor]:
    """Random images in [0, 1]: the same for the same shape."""

    def make(images: int = 6, channels: int = 1, side: int = 8) -> Tensor:
        return torch.rand(images, channels, side, side, generator=torch.Generator().manual_seed(1))

    return make
