"""Cloudy random patterns by the diamond-square algorithm: rough at every scale."""

# N maps, S side of a map

import torch
from torch import Tensor


def plasma(count: int, side: int, decay: float, generator: torch.Generator) -> Tensor:
    """`count` × side × side, each from 0 to 1, on the CPU. A larger `decay` is smoother.

    Heights are drawn on a torus whose side is a power of two. Each halving of its grid divides the noise by `decay`²:
    the published code scales a uniform draw of that width by the width again.
    """
    torus = 1 << (side - 1).bit_length()
    heights_NSS = torch.zeros(count, torus, torus)
    noise, step = 1.0, torus
    while step > 1:
        _halve_grid(heights_NSS, step, noise, generator)
        noise, step = noise / decay**2, step // 2
    heights_NSS -= heights_NSS.amin(dim=(1, 2), keepdim=True)
    heights_NSS /= heights_NSS.amax(dim=(1, 2), keepdim=True)
    return heights_NSS[:, :side, :side]


def _halve_grid(heights_NSS: Tensor, step: int, noise: float, generator: torch.Generator) -> None:
    """Sets the centres of the squares between points `step` apart, then the middles of their edges."""
    corners = heights_NSS[:, ::step, ::step]

    def noisy(means: Tensor) -> Tensor:
        return means + noise * (2 * torch.rand(means.shape, generator=generator) - 1)

    below = corners.roll(-1, dims=1)
    centres = noisy((corners + below + (corners + below).roll(-1, dims=2)) / 4)
    right = (corners + corners.roll(-1, dims=2) + centres + centres.roll(1, dims=1)) / 4
    down = (corners + below + centres + centres.roll(1, dims=2)) / 4
    half = step // 2
    heights_NSS[:, half::step, half::step] = centres
    heights_NSS[:, ::step, half::step] = noisy(right)
    heights_NSS[:, half::step, ::step] = noisy(down)
