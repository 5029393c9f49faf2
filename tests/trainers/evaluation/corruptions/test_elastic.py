"""The elastic transform against scipy, with the same draws."""

from collections.abc import Callable

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from trainers.evaluation.corruptions.elastic import elastic_transform

SIDE = 16


def test_without_moves_and_flow_nothing_changes(make_images: Callable[[int, int, int], Tensor]) -> None:
    images = make_images(2, 3, SIDE)
    torch.testing.assert_close(elastic_transform(images, 0, 0, 0, generator=torch.Generator()), images)


def test_pixels_are_taken_from_where_map_and_flow_lead(make_images: Callable[[int, int, int], Tensor]) -> None:
    image, draws = make_images(1, 1, SIDE), torch.Generator().manual_seed(3)
    moves = 2 * (2 * torch.rand(1, 3, 2, generator=draws) - 1)[0].numpy()
    noise = (2 * torch.rand(1, 2, SIDE, SIDE, generator=draws) - 1)[0].numpy()
    points = np.array([[13.0, 13.0], [13.0, 3.0], [3.0, 3.0]])  # centre 8, a third of the side 5
    back, *_ = np.linalg.lstsq(np.column_stack([points + moves, np.ones(3)]), points, rcond=None)
    flow_x, flow_y = (5 * ndimage.gaussian_filter(one, 1.5, mode="reflect", truncate=3) for one in noise)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    sources = np.stack([columns + flow_x, rows + flow_y, np.ones((SIDE, SIDE))], axis=-1) @ back
    expected = ndimage.map_coordinates(image[0, 0], [sources[..., 1], sources[..., 0]], order=1, mode="mirror")
    found = elastic_transform(image, 5, 1.5, 2, generator=torch.Generator().manual_seed(3))
    np.testing.assert_allclose(found[0, 0], expected, atol=1e-5)
