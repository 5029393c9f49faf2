"""Points of the unit cube, one axis per factor, from a quasi-random or a random sequence."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

# N points, A axes
AXES_BLOCK = 32
"""Axes are drawn in multiples of this. Scrambling an axis depends on how many there are: with spare axes,
factors appended later leave the draws of the others as they were."""


def draw_unit_points(names: Sequence[str], points: int, *, sampler: str, seed: int) -> list[dict[str, float]]:
    """The first `points` points of the sequence: name → coordinate in [0, 1).

    `sampler` is sobol (scrambled by `seed`) or random. A prefix of the sequence does not depend on
    `points`; every 2**k points of Sobol, counted from 0, fall into 2**k equal bins of each axis.
    """
    axes = len(names) + -len(names) % AXES_BLOCK
    assert sampler in ("sobol", "random"), f"not a sampler of unit points: {sampler}"
    units_NA = _sobol(points, axes, seed) if sampler == "sobol" else _random(points, axes, seed)
    return [dict(zip(names, units_A.tolist(), strict=False)) for units_A in units_NA]


def _sobol(points: int, axes: int, seed: int) -> NDArray[np.float64]:
    """The points of Optuna's QMCSampler, which makes a new engine for every one: a minute for 5,000 of them."""
    power_of_two = (points - 1).bit_length()
    units_NA: NDArray[np.float64] = qmc.Sobol(axes, scramble=True, seed=seed).random_base2(power_of_two)
    return units_NA[:points]


def _random(points: int, axes: int, seed: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).random((points, axes))
