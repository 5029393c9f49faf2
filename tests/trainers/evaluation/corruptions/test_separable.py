"""Matrices against scipy and PIL."""

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import ndimage

from trainers.evaluation.corruptions.separable import apply_to_both_sides, box_matrix, gaussian_matrix, zoom_matrix


def noise(side: int) -> torch.Tensor:
    return torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(side), dtype=torch.float64)


@pytest.mark.parametrize("beyond_edges", ["nearest", "reflect"])
@pytest.mark.parametrize(("side", "sigma"), [(32, 0.0), (32, 0.4), (9, 1.5), (16, 40.0)])
def test_gaussians_equal_those_of_scipy(side: int, sigma: float, beyond_edges: str) -> None:
    images = noise(side)
    matrix = gaussian_matrix(side, sigma, beyond_edges=beyond_edges, truncate=3)
    expected = ndimage.gaussian_filter(images.numpy(), (0, 0, sigma, sigma), mode=beyond_edges, truncate=3)
    np.testing.assert_allclose(apply_to_both_sides(images, matrix), expected, atol=1e-12)


@pytest.mark.parametrize("side", [8, 32, 61])
@pytest.mark.parametrize("factor", [1.0, 1.01, 1.06, 1.25, 1.31, 4.5])
def test_zooms_equal_the_middle_of_those_of_scipy(side: int, factor: float) -> None:
    images = noise(side)
    middle = int(np.ceil(side / factor))
    start = (side - middle) // 2
    cropped = images[..., start : start + middle, start : start + middle]
    zoomed = ndimage.zoom(cropped.numpy(), (1, 1, factor, factor), order=1)
    start = (zoomed.shape[-1] - side) // 2
    expected = zoomed[..., start : start + side, start : start + side]
    np.testing.assert_allclose(apply_to_both_sides(images, zoom_matrix(side, factor)), expected, atol=1e-9)


@pytest.mark.parametrize(
    ("side", "fewer"), [(32, 30), (32, 28), (32, 20), (28, 23), (8, 7), (8, 5), (224, 134), (64, 16)]
)
def test_boxes_equal_those_of_pil(side: int, fewer: int) -> None:
    picture = Image.fromarray(noise(side)[0, 0].numpy().astype(np.float32))
    shrunk = picture.resize((fewer, fewer), Image.Resampling.BOX)
    blown_up = shrunk.resize((side, side), Image.Resampling.BOX)
    found = apply_to_both_sides(noise(side)[0, 0], box_matrix(side, fewer))
    np.testing.assert_allclose(found, np.asarray(shrunk), atol=1e-6)
    np.testing.assert_allclose(apply_to_both_sides(found, box_matrix(fewer, side)), np.asarray(blown_up), atol=1e-6)
