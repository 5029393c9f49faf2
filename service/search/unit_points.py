"""Points of the unit cube, one axis per factor, by Optuna's quasi-random or random sampler."""

import warnings
from collections.abc import Sequence
from itertools import count, islice

import optuna
from optuna.distributions import BaseDistribution, FloatDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, QMCSampler, RandomSampler

from service.search.study import new_study

AXES_BLOCK = 32
"""Axes are drawn in multiples of this. Scrambling an axis depends on how many there are: with spare axes,
factors appended later leave the draws of the others as they were."""


def draw_unit_points(names: Sequence[str], points: int, *, sampler: str, seed: int) -> list[dict[str, float]]:
    """The first `points` points of the sequence: name → coordinate in [0, 1).

    `sampler` is sobol (scrambled by `seed`) or random. A prefix of the sequence does not depend on
    `points`; every 2**k points of Sobol, counted from 0, fall into 2**k equal bins of each axis.
    """
    spare = (f"spare axis {index}" for index in count())
    axes = [*names, *islice(spare, -len(names) % AXES_BLOCK)]
    space: dict[str, BaseDistribution] = {axis: FloatDistribution(0.0, 1.0) for axis in axes}
    study = new_study(sampler=_sampler(sampler, seed))
    # QMCSampler takes its axes from the first finished trial and draws a trial without one independently:
    # with this one in place, all that is asked for belongs to the sequence.
    study.add_trial(optuna.create_trial(value=0.0, params=dict.fromkeys(axes, 0.0), distributions=space))
    drawn = [study.ask(space).params for _ in range(points)]
    return [{name: point[name] for name in names} for point in drawn]


def _sampler(name: str, seed: int) -> BaseSampler:
    if name == "random":
        return RandomSampler(seed=seed)
    assert name == "sobol", f"not a sampler of unit points: {name}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return QMCSampler(qmc_type="sobol", scramble=True, seed=seed)
