"""The corruption that stretches an image: a random affine map and a random flow."""

# N images, C channels, H height, W width (= H); places are (x, y) in pixels

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from trainers.evaluation.corruptions.separable import apply_to_both_sides, gaussian_matrix


def elastic_transform(
    images_NCHW: Tensor, flow: float, flow_sigma: float, largest_move: float, *, generator: torch.Generator
) -> Tensor:
    """Moves three points of each image by up to `largest_move` pixels along x and y, and all others with them, then
    every pixel by uniform noise that is smoothed by `flow_sigma` pixels and multiplied by `flow`.
    """
    count, side = len(images_NCHW), images_NCHW.shape[-1]
    sources_N32 = _affine_sources(count, side, largest_move, generator)
    noise_N2HW = 2 * torch.rand(count, 2, side, side, generator=generator) - 1
    smooth = gaussian_matrix(side, flow_sigma, beyond_edges="reflect", truncate=3)
    flow_NHW2 = flow * apply_to_both_sides(noise_N2HW, smooth).permute(0, 2, 3, 1)
    places_HW2 = torch.cartesian_prod(torch.arange(side), torch.arange(side)).flip(1).view(side, side, 2)
    places_NP2 = (places_HW2 + flow_NHW2).flatten(1, 2)
    taken_from_NP2 = places_NP2 @ sources_N32[:, :2] + sources_N32[:, 2:]
    grid_NHW2 = (2 * taken_from_NP2 / (side - 1) - 1).view(count, side, side, 2).to(images_NCHW)
    return grid_sample(images_NCHW, grid_NHW2, padding_mode="reflection", align_corners=True)


def _affine_sources(count: int, side: int, largest_move: float, generator: torch.Generator) -> Tensor:
    """For each image the 3 × 2 matrix by which (x, y, 1) gives where the pixel there is taken from."""
    centre, reach = side // 2, side // 3
    ones = torch.tensor([[1, 1], [1, -1], [-1, -1]])
    points_32 = (centre + reach * ones).double()
    moves_N32 = largest_move * (2 * torch.rand(count, 3, 2, generator=generator) - 1)
    moved_N33 = torch.cat([points_32 + moves_N32, torch.ones(count, 3, 1)], dim=2)
    sources_N32: Tensor = torch.linalg.solve(moved_N33, points_32.expand(count, -1, -1))
    return sources_N32.float()
