"""A residual encoder small enough to train on one CPU core: digits of 8×8 and the like.

Its width was chosen by measurement: a step of 2 × 256 digits, forward and backward, takes about 40 ms on one core.
"""

# B images, C channels, H height, W width, F features

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

SMALLEST_IMAGE = 8
"""Pixels per side; the last stage then works on 2×2."""


class TinyResNet(nn.Module):
    """Stem and three residual blocks of `width`, 2·`width`, 4·`width` channels; the last two halve the sides."""

    def __init__(self, channels: int, width: int = 16) -> None:
        super().__init__()
        self.feature_dim = 4 * width
        self.stem = nn.Sequential(_convolution(channels, width), nn.BatchNorm2d(width), nn.ReLU())
        self.blocks = nn.Sequential(
            _ResidualBlock(width, width, stride=1),
            _ResidualBlock(width, 2 * width, stride=2),
            _ResidualBlock(2 * width, 4 * width, stride=2),
        )
        # Convolutions of few channels run up to twice as fast in this layout (measured on a CPU).
        self.to(memory_format=torch.channels_last)

    def forward(self, images_BCHW: Tensor) -> Tensor:
        """Features averaged over the image, shape B × `feature_dim`, not normalised."""
        if min(images_BCHW.shape[2:]) < SMALLEST_IMAGE:
            raise ValueError(f"images must have sides of at least {SMALLEST_IMAGE}, got {tuple(images_BCHW.shape)}")
        images_BCHW = images_BCHW.contiguous(memory_format=torch.channels_last)
        features_BFHW: Tensor = self.blocks(self.stem(images_BCHW))
        return features_BFHW.mean(dim=(2, 3))


class _ResidualBlock(nn.Module):
    """Two 3×3 convolutions beside a shortcut (arXiv:1512.03385, Fig. 2)."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.residual = nn.Sequential(
            _convolution(channels_in, channels_out, stride=stride),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(),
            _convolution(channels_out, channels_out),
            nn.BatchNorm2d(channels_out),
        )
        self.shortcut = _shortcut(channels_in, channels_out, stride)

    def forward(self, maps_BCHW: Tensor) -> Tensor:
        return relu(self.residual(maps_BCHW) + self.shortcut(maps_BCHW))


def _convolution(channels_in: int, channels_out: int, *, kernel: int = 3, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, kernel, stride=stride, padding=kernel // 2, bias=False)


def _shortcut(channels_in: int, channels_out: int, stride: int) -> nn.Module:
    if stride == 1 and channels_in == channels_out:
        return nn.Identity()
    return nn.Sequential(_convolution(channels_in, channels_out, kernel=1, stride=stride), nn.BatchNorm2d(channels_out))
