"""Moves, turns, slants and crops of images: each image is sampled once, bilinearly."""

# N images, C channels, H height, W width, P pixels
# Coordinates run from −1 to 1 over the image. Matrices map a place in the result to the place it is taken from.

from functools import cache
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import grid_sample


def affine(images_NCHW: Tensor, matrices_N23: Tensor, ground: float = 0.0) -> Tensor:
    """The images seen through one matrix each. What comes into view is of the value `ground`."""
    return (_sample(images_NCHW - ground, matrices_N23, beyond_edges="zeros") + ground).clamp_(0, 1)


def affine_matrices(
    slope_x_N: Tensor, slope_y_N: Tensor, radians_N: Tensor, share_x_N: Tensor, share_y_N: Tensor
) -> Tensor:
    """Slants square images, turns them counter-clockwise about the centre, then moves them right and down.

    `slope_x` moves each row to the right by its height over the centre times the slope, `slope_y` each column down by
    its distance to the left of the centre times the slope. Shares are of the side. Returns matrices_N23.
    """
    one, cos, sin = torch.ones_like(radians_N), radians_N.cos(), radians_N.sin()
    slant_N22 = torch.stack([one, slope_x_N, slope_y_N, one], dim=1).view(-1, 2, 2)
    turn_N22 = torch.stack([cos, -sin, sin, cos], dim=1).view(-1, 2, 2)
    move_N21 = -2 * torch.stack([share_x_N, share_y_N], dim=1).unsqueeze(2)
    linear_N22 = slant_N22 @ turn_N22
    return torch.cat([linear_N22, linear_N22 @ move_N21], dim=2)


def crop(images_NCHW: Tensor, centre_x_N: Tensor, centre_y_N: Tensor, width_N: Tensor, height_N: Tensor) -> Tensor:
    """Blows a box of each image up to its size; a negative width mirrors it.

    Centres are coordinates, width and height are shares of the sides; they may be on the CPU.
    """
    zero_N = torch.zeros_like(width_N)
    rows = [width_N, zero_N, centre_x_N, zero_N, height_N, centre_y_N]
    matrices_N23 = torch.stack(rows, dim=1).view(-1, 2, 3).to(images_NCHW.device, non_blocking=True)
    return _sample(images_NCHW, matrices_N23, beyond_edges="border").clamp_(0, 1)


def _sample(images_NCHW: Tensor, matrices_N23: Tensor, beyond_edges: Literal["zeros", "border"]) -> Tensor:
    height, width = images_NCHW.shape[2:]
    # One product for all images: torch's affine_grid makes one per image and takes ten times as long. In double
    # precision, so that no place depends on how many images are at hand: how products round does.
    grid = matrices_N23.flatten(1).double() @ _places(height, width, images_NCHW.device)
    grid_NHW2 = grid.float().view(-1, height, width, 2)
    return grid_sample(images_NCHW, grid_NHW2, padding_mode=beyond_edges, align_corners=False)


@cache
def _places(height: int, width: int, device: torch.device) -> Tensor:
    """The pixels' centres as a matrix 6×2P that turns six numbers of an image into x and y of its pixels."""
    x_W = (2 * torch.arange(width, device=device).double() + 1) / width - 1
    y_H = (2 * torch.arange(height, device=device).double() + 1) / height - 1
    places_3P = torch.stack([x_W.repeat(height), y_H.repeat_interleave(width), torch.ones_like(x_W).repeat(height)])
    both_22 = torch.eye(2, dtype=torch.double, device=device)
    return torch.einsum("kp,ab->akpb", places_3P, both_22).reshape(6, -1)
