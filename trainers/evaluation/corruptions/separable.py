"""Blurs, zooms and resizings that act on rows and columns alike: each is one matrix, applied from both sides."""

# N images, C channels, H height, W width (= H), O pixels of the result, I pixels of the given side

import math
from typing import Literal

import torch
from torch import Tensor

SMALLEST_SIGMA = 1e-6
"""Stands in for a sigma of 0, which blurs nothing."""


def apply_to_both_sides(images_NCHW: Tensor, matrix_OI: Tensor) -> Tensor:
    """M · image · Mᵀ for every channel."""
    matrix_OI = matrix_OI.to(images_NCHW)
    return matrix_OI @ images_NCHW @ matrix_OI.T


def gaussian_matrix(side: int, sigma: float, *, beyond_edges: Literal["nearest", "reflect"], truncate: float) -> Tensor:
    """A Gaussian of `sigma` pixels, cut at `truncate` · sigma: a row of scipy.ndimage.gaussian_filter.

    Beyond the edges lies the last pixel ("nearest") or the mirrored image ("reflect"), however wide the Gaussian is.
    """
    radius = int(truncate * sigma + 0.5)
    offsets_K = torch.arange(-radius, radius + 1)
    weights_K = torch.softmax(-0.5 * (offsets_K.double() / max(sigma, SMALLEST_SIGMA)).square(), dim=0)
    places_OK = torch.arange(side)[:, None] + offsets_K
    if beyond_edges == "nearest":
        places_OK = places_OK.clamp(0, side - 1)
    else:
        places_OK = places_OK.remainder(2 * side)
        places_OK = torch.minimum(places_OK, 2 * side - 1 - places_OK)
    return torch.zeros(side, side, dtype=torch.float64).scatter_add(1, places_OK, weights_K.expand(side, -1))


def zoom_matrix(side: int, factor: float) -> Tensor:
    """Blows the middle of an image up by `factor` ≥ 1, bilinearly, to the same side.

    The middle is a whole number of pixels whose outermost stay outermost, as in the published code.
    """
    middle = math.ceil(side / factor)
    blown_up = round(middle * factor)
    first = (blown_up - side) // 2
    places_O = (first + torch.arange(side).double()) * (middle - 1) / (blown_up - 1) + (side - middle) // 2
    distances_OI = (places_O[:, None] - torch.arange(side)).abs()
    return (1 - distances_OI).clamp(min=0)


def box_matrix(side: int, new_side: int) -> Tensor:
    """Resizes as PIL's BOX filter does: a mean of the pixels whose centres lie in the box, or the nearest pixel."""
    scale = side / new_side
    centres_O = (torch.arange(new_side).double() + 0.5) * scale
    offsets_OI = (torch.arange(side) + 0.5 - centres_O[:, None]) / max(scale, 1.0)
    is_inside_OI = ((offsets_OI > -0.5) & (offsets_OI <= 0.5)).double()
    return is_inside_OI / is_inside_OI.sum(dim=1, keepdim=True)
