"""Moves, turns, slants and crops of images: each image is sampled once, bilinearly."""

# N images, C channels, H height, W width
# Coordinates run from −1 to 1 over the image. Matrices map a place in the result to the place it is taken from.

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample


def shear_x(images_NCHW: Tensor, slope_N: Tensor) -> Tensor:
    """Moves each row sideways by `slope` times its height over the centre, to the right where it is above."""
    one, zero = torch.ones_like(slope_N), torch.zeros_like(slope_N)
    return _sample(images_NCHW, [one, slope_N, zero], [zero, one, zero], beyond_edges="zeros")


def shear_y(images_NCHW: Tensor, slope_N: Tensor) -> Tensor:
    """Moves each column down by `slope` times its distance to the left of the centre."""
    one, zero = torch.ones_like(slope_N), torch.zeros_like(slope_N)
    return _sample(images_NCHW, [one, zero, zero], [slope_N, one, zero], beyond_edges="zeros")


def translate_x(images_NCHW: Tensor, share_N: Tensor) -> Tensor:
    """Moves each image to the right by a share of its width."""
    zero = torch.zeros_like(share_N)
    return move(images_NCHW, zero, share_N, zero)


def translate_y(images_NCHW: Tensor, share_N: Tensor) -> Tensor:
    """Moves each image down by a share of its height."""
    zero = torch.zeros_like(share_N)
    return move(images_NCHW, zero, zero, share_N)


def rotate(images_NCHW: Tensor, radians_N: Tensor) -> Tensor:
    """Turns each square image about its centre, counter-clockwise for positive angles."""
    zero = torch.zeros_like(radians_N)
    return move(images_NCHW, radians_N, zero, zero)


def move(images_NCHW: Tensor, radians_N: Tensor, share_x_N: Tensor, share_y_N: Tensor) -> Tensor:
    """Turns each square image counter-clockwise, then moves it right and down by shares of its side.

    What comes into view is black.
    """
    cos, sin = radians_N.cos(), radians_N.sin()
    x, y = -2 * share_x_N, -2 * share_y_N
    first_row, second_row = [cos, -sin, cos * x - sin * y], [sin, cos, sin * x + cos * y]
    return _sample(images_NCHW, first_row, second_row, beyond_edges="zeros")


def crop(images_NCHW: Tensor, centre_x_N: Tensor, centre_y_N: Tensor, width_N: Tensor, height_N: Tensor) -> Tensor:
    """Blows a box of each image up to its size. Centres are coordinates, width and height are shares of the sides."""
    zero = torch.zeros_like(width_N)
    first_row, second_row = [width_N, zero, centre_x_N], [zero, height_N, centre_y_N]
    return _sample(images_NCHW, first_row, second_row, beyond_edges="border")


def _sample(
    images_NCHW: Tensor,
    first_row: list[Tensor],
    second_row: list[Tensor],
    beyond_edges: Literal["zeros", "border"],
) -> Tensor:
    """The images seen through one affine matrix each, given by its rows of three numbers per image; in [0, 1]."""
    matrices_N23 = torch.stack([*first_row, *second_row], dim=1).view(-1, 2, 3)
    grid_NHW2 = affine_grid(matrices_N23, list(images_NCHW.shape), align_corners=False)
    return grid_sample(images_NCHW, grid_NHW2, padding_mode=beyond_edges, align_corners=False).clamp(0, 1)
