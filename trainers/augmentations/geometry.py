"""Affine changes of images: each image is sampled once, bilinearly, with black beyond its edges."""

# N images, C channels, H height, W width
# Coordinates run from −1 to 1 over the image. Matrices map a place in the result to the place it is taken from.

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample


def warp(images_NCHW: Tensor, matrices_N23: Tensor) -> Tensor:
    """The images seen through one affine matrix each, in [0, 1]."""
    grid_NHW2 = affine_grid(matrices_N23, list(images_NCHW.shape), align_corners=False)
    return grid_sample(images_NCHW, grid_NHW2, padding_mode="zeros", align_corners=False).clamp(0, 1)


def shear_x(images_NCHW: Tensor, slope_N: Tensor) -> Tensor:
    """Moves each row sideways by `slope` times its height over the centre, to the right where it is above."""
    one, zero = torch.ones_like(slope_N), torch.zeros_like(slope_N)
    return warp(images_NCHW, _matrices([one, slope_N, zero], [zero, one, zero]))


def shear_y(images_NCHW: Tensor, slope_N: Tensor) -> Tensor:
    """Moves each column down by `slope` times its distance to the left of the centre."""
    one, zero = torch.ones_like(slope_N), torch.zeros_like(slope_N)
    return warp(images_NCHW, _matrices([one, zero, zero], [slope_N, one, zero]))


def translate_x(images_NCHW: Tensor, share_N: Tensor) -> Tensor:
    """Moves each image to the right by a share of its width."""
    return warp(images_NCHW, rigid_matrices(torch.zeros_like(share_N), share_N, torch.zeros_like(share_N)))


def translate_y(images_NCHW: Tensor, share_N: Tensor) -> Tensor:
    """Moves each image down by a share of its height."""
    return warp(images_NCHW, rigid_matrices(torch.zeros_like(share_N), torch.zeros_like(share_N), share_N))


def rotate(images_NCHW: Tensor, radians_N: Tensor) -> Tensor:
    """Turns each square image about its centre, counter-clockwise for positive angles."""
    return warp(images_NCHW, rigid_matrices(radians_N, torch.zeros_like(radians_N), torch.zeros_like(radians_N)))


def rigid_matrices(radians_N: Tensor, share_x_N: Tensor, share_y_N: Tensor) -> Tensor:
    """Matrices, N×2×3, that move by shares of the sides (right, down) what was turned counter-clockwise before."""
    cos, sin = radians_N.cos(), radians_N.sin()
    x, y = -2 * share_x_N, -2 * share_y_N
    return _matrices([cos, -sin, cos * x - sin * y], [sin, cos, sin * x + cos * y])


def crop_matrices(centre_x_N: Tensor, centre_y_N: Tensor, width_N: Tensor, height_N: Tensor) -> Tensor:
    """Matrices, N×2×3, that blow a box up to the whole image; its sides are shares of the image's."""
    zero = torch.zeros_like(width_N)
    return _matrices([width_N, zero, centre_x_N], [zero, height_N, centre_y_N])


def _matrices(first_row: list[Tensor], second_row: list[Tensor]) -> Tensor:
    return torch.stack([*first_row, *second_row], dim=1).view(-1, 2, 3)
