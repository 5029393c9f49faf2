"""Thinning out a curve keeps what a reader looks for in it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.operations.downsampling import FEWEST_POINTS, thin_out

CURVES = st.lists(st.floats(-1e6, 1e6), max_size=300)


@given(CURVES, st.integers(FEWEST_POINTS, 60))
def test_ends_and_extremes_stay_and_nothing_is_made_up(values: list[float], points: int) -> None:
    kept = thin_out(values, points)
    assert kept == sorted(set(kept))
    assert len(kept) <= points
    if values:
        assert {0, len(values) - 1} <= set(kept)
        assert {min(values), max(values)} <= {values[index] for index in kept}


@given(CURVES)
def test_curve_that_fits_stays_whole(values: list[float]) -> None:
    assert thin_out(values, max(FEWEST_POINTS, len(values))) == list(range(len(values)))


def test_single_explosion_between_two_calm_epochs_is_seen() -> None:
    values = [math.exp(-step / 500) for step in range(10_000)]
    values[4321] = 1e9
    assert 4321 in thin_out(values, 100)


@pytest.mark.parametrize("points", [4, 5, 20, 101, 5_000])
def test_each_bucket_gives_its_extremes_as_a_plain_loop_finds_them(points: int) -> None:
    values = [math.sin(step) * step for step in range(10_000)]
    buckets = (points - 2) // 2
    expected = {0, 9_999}
    for bucket in range(buckets):
        start, stop = 1 + 9_998 * bucket // buckets, 1 + 9_998 * (bucket + 1) // buckets
        lowest = highest = start
        for step in range(start, stop):
            lowest = step if values[step] < values[lowest] else lowest
            highest = step if values[step] > values[highest] else highest
        expected |= {lowest, highest}
    assert thin_out(values, points) == sorted(expected)
