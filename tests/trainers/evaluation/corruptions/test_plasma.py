"""Diamond-square against a loop over points."""

import numpy as np
import torch

from trainers.evaluation.corruptions.plasma import plasma


def point_by_point(torus: int, decay: float, generator: torch.Generator) -> np.ndarray:
    heights = np.zeros((torus, torus))
    step, noise = torus, 1.0
    while step > 1:
        half, cells = step // 2, range(0, torus, step)
        draws = [2 * torch.rand(1, len(cells), len(cells), generator=generator)[0].numpy() - 1 for _ in range(3)]
        around = {0: [(-1, -1), (-1, 1), (1, -1), (1, 1)], 1: [(-1, 0), (1, 0), (0, -1), (0, 1)]}
        for kind, (down, right) in enumerate([(half, half), (0, half), (half, 0)]):
            for i, row in enumerate(cells):
                for j, column in enumerate(cells):
                    y, x = row + down, column + right
                    near = [heights[(y + half * a) % torus, (x + half * b) % torus] for a, b in around[min(kind, 1)]]
                    heights[y, x] = np.mean(near) + noise * draws[kind][i, j]
        step, noise = half, noise / decay**2
    heights -= heights.min()
    return heights / heights.max()


def test_a_map_equals_one_made_point_by_point() -> None:
    found = plasma(1, 16, 1.5, torch.Generator().manual_seed(0))
    np.testing.assert_allclose(found[0], point_by_point(16, 1.5, torch.Generator().manual_seed(0)), atol=1e-6)


def test_sides_that_are_no_power_of_two_are_cut_from_a_larger_torus() -> None:
    larger = plasma(3, 32, 2.0, torch.Generator().manual_seed(0))
    assert torch.equal(plasma(3, 28, 2.0, torch.Generator().manual_seed(0)), larger[:, :28, :28])


def test_a_larger_decay_is_smoother() -> None:
    rough, smooth = (plasma(20, 32, decay, torch.Generator().manual_seed(0)) for decay in (1.4, 3.0))
    assert smooth.diff(dim=1).abs().mean() < rough.diff(dim=1).abs().mean() / 2
