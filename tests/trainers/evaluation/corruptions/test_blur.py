"""Blurs against loops over pixels, with the same draws."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor

from trainers.evaluation.corruptions.blur import defocus_blur, glass_blur, motion_blur, streak, zoom_blur

SIDE = 12

Make = Callable[[int, int, int], Tensor]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(("radius", "edge_sigma"), [(0.3, 0.4), (1.5, 0.1), (3.0, 0.5)])
def test_defocus_is_a_mean_over_a_soft_disk(make_images: Make, radius: float, edge_sigma: float) -> None:
    images = make_images(2, 3, SIDE).double()
    places = range(-6, 7)
    disk = np.array([[float(x * x + y * y <= radius**2) for x in places] for y in places])
    disk = ndimage.gaussian_filter(disk, edge_sigma, mode="constant")
    expected = ndimage.correlate(images.numpy(), disk[None, None] / disk.sum(), mode="mirror")
    # The kernel is cut one pixel beyond the disk.
    np.testing.assert_allclose(defocus_blur(images, radius, edge_sigma), expected, atol=2e-3)


def copied_in_turn(image: NDArray[np.float64], shift: int, shifts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The published loop, where swapping two views of an array of colours copies one of them."""
    image = image.copy()
    for row in range(SIDE - shift, shift, -1):
        for column in range(SIDE - shift, shift, -1):
            down, right = shifts[:, row, column]
            image[:, row, column] = image[:, row + down, column + right]
    return image


@pytest.mark.parametrize("shift", [1, 2, 4])
def test_glass_copies_pixels_as_the_published_loop_does(make_images: Make, shift: int) -> None:
    images, same_draws = make_images(3, 3, SIDE).double(), generator()
    expected = images.numpy()
    for _ in range(2):
        shifts = torch.randint(-shift, shift, (2, 3, SIDE, SIDE), generator=same_draws).numpy()
        expected = np.stack([copied_in_turn(expected[n], shift, shifts[:, n]) for n in range(3)])
    found = glass_blur(images, 0.0, shift, 2, generator=generator())
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_glass_blurs_before_and_after(make_images: Make) -> None:
    flat = make_images(1, 1, SIDE).double()
    flat[:, :, 6:] = flat[:, :, 6:7]
    one, two = (glass_blur(flat, sigma, 1, 1, generator=generator()) for sigma in (0.0, 1.0))
    assert two.diff(dim=2).abs().mean() < one.diff(dim=2).abs().mean()


def test_a_streak_is_half_a_gaussian_of_shifted_images(make_images: Make) -> None:
    images, degrees = make_images(2, 1, SIDE).double(), torch.tensor([30.0, -100.0])
    expected, given = np.zeros(images.shape), images.numpy()
    for step in range(2 * 3 + 1):
        weight = np.exp(-0.5 * (step / 1.5) ** 2) / sum(np.exp(-0.5 * (k / 1.5) ** 2) for k in range(7))
        for n, angle in enumerate(np.radians(degrees.numpy())):
            for row in range(SIDE):
                for column in range(SIDE):
                    y = int(np.clip(row + np.ceil(step * np.sin(angle) - 0.5), 0, SIDE - 1))
                    x = int(np.clip(column + np.ceil(step * np.cos(angle) - 0.5), 0, SIDE - 1))
                    expected[n, 0, row, column] += weight * given[n, 0, y, x]
    np.testing.assert_allclose(streak(images, 2.5, 1.5, degrees), expected, atol=1e-6)


def test_motion_is_a_streak_within_45_degrees_of_the_horizontal() -> None:
    dot = torch.zeros(20, 1, SIDE, SIDE)
    dot[:, :, 5, 9] = 1
    rows, columns = motion_blur(dot, 6, 2.5, generator=generator()).amax(dim=(0, 1)).nonzero().T
    assert columns.max() == 9
    assert ((rows - 5).abs() <= 9 - columns).all()
    assert {int(row) for row in rows} > {4, 5, 6}


def test_a_zoom_blur_is_the_mean_of_the_image_and_its_zooms(make_images: Make) -> None:
    images = make_images(1, 3, SIDE).double()
    zooms = [images.numpy()]
    for factor in (1.0, 1.1, 1.2):
        crop = int(np.ceil(SIDE / factor))
        start = (SIDE - crop) // 2
        cropped = images.numpy()[..., start : start + crop, start : start + crop]
        zoomed = ndimage.zoom(cropped, (1, 1, factor, factor), order=1)
        start = (zoomed.shape[-1] - SIDE) // 2
        zooms.append(zoomed[..., start : start + SIDE, start : start + SIDE])
    np.testing.assert_allclose(zoom_blur(images, 3, 0.1), np.mean(zooms, axis=0), atol=1e-9)
