"""Unit points against Optuna's sampler of them, and the promises of their docstring."""

import warnings

import numpy as np
import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import QMCSampler

from service.search.unit_points import AXES_BLOCK, draw_unit_points

NAMES = ["first", "second", "third"]


def _table(points: list[dict[str, float]]) -> np.ndarray:
    return np.array([list(point.values()) for point in points])


def test_points_are_those_that_optunas_sampler_draws_one_by_one() -> None:
    axes = [f"axis {index}" for index in range(AXES_BLOCK)]
    space = {axis: FloatDistribution(0.0, 1.0) for axis in axes}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        study = optuna.create_study(sampler=QMCSampler(qmc_type="sobol", scramble=True, seed=3))
    # It takes its axes from the first finished trial.
    study.add_trial(optuna.create_trial(value=0.0, params=dict.fromkeys(axes, 0.0), distributions=space))
    reference = [study.ask(space).params for _ in range(21)]
    assert draw_unit_points(axes, 21, sampler="sobol", seed=3) == reference


def test_sixteen_sobol_points_hit_every_sixteenth_of_every_axis() -> None:
    names = [f"factor {index}" for index in range(AXES_BLOCK + 1)]
    table = _table(draw_unit_points(names, 16, sampler="sobol", seed=11))
    assert all(sorted(np.floor(column * 16)) == list(range(16)) for column in table.T)


@pytest.mark.parametrize("sampler", ["sobol", "random"])
def test_points_lie_in_the_half_open_unit_cube_by_name(sampler: str) -> None:
    points = draw_unit_points(NAMES, 50, sampler=sampler, seed=0)
    assert [list(point) for point in points] == [NAMES] * 50
    assert 0 <= _table(points).min() <= _table(points).max() < 1


@pytest.mark.parametrize("sampler", ["sobol", "random"])
def test_a_prefix_does_not_depend_on_how_many_points_are_drawn(sampler: str) -> None:
    few = draw_unit_points(NAMES, 5, sampler=sampler, seed=1)
    assert draw_unit_points(NAMES, 20, sampler=sampler, seed=1)[:5] == few


@pytest.mark.parametrize("sampler", ["sobol", "random"])
def test_an_appended_factor_leaves_the_draws_of_the_others(sampler: str) -> None:
    before = draw_unit_points(NAMES, 8, sampler=sampler, seed=1)
    after = draw_unit_points([*NAMES, "fourth"], 8, sampler=sampler, seed=1)
    assert [{name: point[name] for name in NAMES} for point in after] == before


@pytest.mark.parametrize("sampler", ["sobol", "random"])
def test_another_seed_draws_other_points(sampler: str) -> None:
    one, other = (_table(draw_unit_points(NAMES, 8, sampler=sampler, seed=seed)) for seed in (1, 2))
    assert not np.isclose(one, other).any()


def test_random_points_are_not_stratified() -> None:
    table = _table(draw_unit_points(NAMES, 16, sampler="random", seed=0))
    assert any(len(set(np.floor(column * 16))) < 16 for column in table.T)
