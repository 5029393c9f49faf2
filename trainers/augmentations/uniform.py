"""Uniform draws from the caller's generator."""

import torch
from torch import Tensor


def uniform(low: float, high: float, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    """Floats in [low, high) on the CPU."""
    return low + (high - low) * torch.rand(shape, generator=generator)
