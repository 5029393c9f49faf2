"""Corruptions that spread each pixel over its neighbours. Lengths are pixels of the images at hand."""

# N images, C channels, H height, W width, K kernel side, P pixels of an image

import math

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from trainers.evaluation.corruptions.separable import apply_to_both_sides, gaussian_matrix, zoom_matrix

LARGEST_TILT = 45.0
"""Degrees of a motion from the horizontal."""


def defocus_blur(images_NCHW: Tensor, radius: float, edge_sigma: float) -> Tensor:
    """Spreads each point to a disk whose edge is softened by a Gaussian of `edge_sigma`."""
    kernel_KK = _soft_disk(radius, edge_sigma).to(images_NCHW)
    reach = len(kernel_KK) // 2
    padded_NCHW = pad(images_NCHW, [reach] * 4, mode="reflect")
    return conv2d(padded_NCHW.flatten(0, 1)[:, None], kernel_KK[None, None]).view_as(images_NCHW)


def _soft_disk(radius: float, edge_sigma: float) -> Tensor:
    """The disk's pixels and one around them, softened; sums to 1."""
    reach = math.floor(radius) + 1
    offsets_K = torch.arange(-reach, reach + 1)
    is_inside_KK = offsets_K[:, None] ** 2 + offsets_K**2 <= radius**2
    soft = gaussian_matrix(len(offsets_K), edge_sigma, beyond_edges="reflect", truncate=4)
    disk_KK = apply_to_both_sides(is_inside_KK.double(), soft)
    return disk_KK / disk_KK.sum()


def glass_blur(
    images_NCHW: Tensor, sigma: float, largest_shift: float, iterations: int, *, generator: torch.Generator
) -> Tensor:
    """Lets each pixel show one near it, as frosted glass does, between two Gaussian blurs."""
    blur = gaussian_matrix(images_NCHW.shape[-1], sigma, beyond_edges="nearest", truncate=4)
    images_NCHW = apply_to_both_sides(images_NCHW, blur)
    for _ in range(iterations):
        images_NCHW = _shuffled(images_NCHW, max(1, round(largest_shift)), generator)
    return apply_to_both_sides(images_NCHW, blur)


def _shuffled(images_NCHW: Tensor, shift: int, generator: torch.Generator) -> Tensor:
    """Each pixel away from the edges becomes one that lies −shift … shift − 1 rows and columns from it.

    The published code means to swap pixels but copies them, from the last one to the first. So a pixel that takes from
    a later one gets what that one has taken before.
    """
    count, side = len(images_NCHW), images_NCHW.shape[-1]
    shifts_2NHW = torch.randint(-shift, shift, (2, count, side, side), generator=generator)
    places_H = torch.arange(side)
    is_inner_H = (places_H > shift) & (places_H <= side - shift)
    shifts_2NHW *= is_inner_H[:, None] & is_inner_H
    places_P = torch.arange(side * side)
    sources_NP = places_P + (side * shifts_2NHW[0] + shifts_2NHW[1]).flatten(1)
    origins_NP, takers_NP = sources_NP, places_P.expand(count, -1)
    while (has_taken_NP := origins_NP > takers_NP).any():
        takers_NP = torch.where(has_taken_NP, origins_NP, takers_NP)
        origins_NP = sources_NP.gather(1, takers_NP)
    return _taken_from(images_NCHW, origins_NP)


def motion_blur(images_NCHW: Tensor, radius: float, sigma: float, *, generator: torch.Generator) -> Tensor:
    """Streaks each image in a direction of its own, up to 45° from the horizontal."""
    degrees_N = LARGEST_TILT * (2 * torch.rand(len(images_NCHW), generator=generator) - 1)
    return streak(images_NCHW, radius, sigma, degrees_N)


def streak(images_NCHW: Tensor, radius: float, sigma: float, degrees_N: Tensor) -> Tensor:
    """Drags each image along its direction by half a Gaussian that is cut at 2 · `radius` pixels (as ImageMagick).

    Angles are on the CPU. Beyond the edges lies the last pixel.
    """
    steps_K = torch.arange(2 * math.ceil(radius) + 1)
    weights = torch.softmax(-0.5 * (steps_K / sigma).square(), dim=0).tolist()
    radians_N = torch.deg2rad(degrees_N)
    places_H = torch.arange(images_NCHW.shape[-1])
    streaked_NCHW = torch.zeros_like(images_NCHW)
    for step, weight in enumerate(weights):
        rows_NH = _within(places_H + _whole(step * radians_N.sin()))
        columns_NW = _within(places_H + _whole(step * radians_N.cos()))
        places_NHW = len(places_H) * rows_NH[:, :, None] + columns_NW[:, None]
        streaked_NCHW += weight * _taken_from(images_NCHW, places_NHW.flatten(1))
    return streaked_NCHW


def _whole(lengths_N: Tensor) -> Tensor:
    """Rounded, halves down: N × 1."""
    return (lengths_N - 0.5).ceil().long()[:, None]


def _within(places_NH: Tensor) -> Tensor:
    return places_NH.clamp(0, places_NH.shape[1] - 1)


def _taken_from(images_NCHW: Tensor, places_NP: Tensor) -> Tensor:
    """Each pixel as found in its image at a place, counted row by row, on the CPU."""
    places_N1P = places_NP[:, None].to(images_NCHW.device)
    return images_NCHW.flatten(2).gather(2, places_N1P.expand(-1, images_NCHW.shape[1], -1)).view_as(images_NCHW)


def zoom_blur(images_NCHW: Tensor, zooms: int, step: float) -> Tensor:
    """The mean of the image and of its zooms by 1, 1 + `step` … for that many `zooms`: driving towards it."""
    total_NCHW = images_NCHW.clone()
    for zoom in range(zooms):
        total_NCHW += apply_to_both_sides(images_NCHW, zoom_matrix(images_NCHW.shape[-1], 1 + zoom * step))
    return total_NCHW / (zooms + 1)
