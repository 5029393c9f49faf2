"""Corruptions that change each value by chance: the sensor's."""

# N images, C channels, H height, W width

import torch
from torch import Tensor


def gaussian_noise(images_NCHW: Tensor, deviation: float, *, generator: torch.Generator) -> Tensor:
    """Adds normal noise, as in low light."""
    return images_NCHW + deviation * torch.randn(images_NCHW.shape, generator=generator).to(images_NCHW.device)


def shot_noise(images_NCHW: Tensor, photons: float, *, generator: torch.Generator) -> Tensor:
    """Counts light: white is `photons` quanta on average."""
    # Drawn on the CPU, like all else, so that every device sees the same images.
    return torch.poisson(photons * images_NCHW.cpu(), generator).to(images_NCHW.device) / photons


def impulse_noise(images_NCHW: Tensor, share: float, *, generator: torch.Generator) -> Tensor:
    """Replaces a share of the values, half by black and half by white: salt and pepper."""
    drawn_NCHW = torch.rand(images_NCHW.shape, generator=generator).to(images_NCHW.device)
    peppered_NCHW = torch.where(drawn_NCHW < share / 2, 0.0, images_NCHW)
    return torch.where(drawn_NCHW >= 1 - share / 2, 1.0, peppered_NCHW)
