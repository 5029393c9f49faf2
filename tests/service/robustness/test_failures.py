"""Failure rates against the published formulas and examples."""

from collections.abc import Callable

import pytest

from service.robustness.failures import failures_of, newcombe_estimate, wilson_estimate
from service.robustness.pairs import PairedScores


def test_failures_are_counted_by_who_failed(make_table: Callable[..., PairedScores]) -> None:
    failures = failures_of(make_table([0] * 6, [0] * 6, [1, 1, 1, 0, 0, 0], [1, 0, 0, 1, 0, 0]))
    assert (failures.both, failures.only_a, failures.only_b) == (1, 2, 1)
    assert failures.rate.a.value == 3 / 6
    assert failures.rate.b.value == 2 / 6
    assert failures.rate.difference.value == pytest.approx(1 / 6)


@pytest.mark.parametrize(("failed", "total"), [(0, 16), (3, 16), (16, 16), (1, 1)])
def test_wilson_ends_solve_the_score_equation(failed: int, total: int) -> None:
    estimate = wilson_estimate(failed, total)
    for end in (estimate.low, estimate.high):
        if 1e-9 < end < 1 - 1e-9:
            assert abs(failed / total - end) == pytest.approx(1.959964 * (end * (1 - end) / total) ** 0.5, rel=1e-5)
    assert 0 <= estimate.low <= failed / total <= estimate.high <= 1


@pytest.mark.parametrize(
    ("cells", "interval"),
    [((36, 12, 2, 0), (0.0569, 0.3404)), ((20, 12, 2, 16), (0.0562, 0.3292))],
)
def test_newcombes_published_examples_come_out(cells: tuple[int, ...], interval: tuple[float, float]) -> None:
    both, only_a, only_b, _ = cells
    estimate = newcombe_estimate(both, only_a, only_b, sum(cells))
    assert (estimate.low, estimate.high) == pytest.approx(interval, abs=5e-5)


def test_no_failure_at_all_leaves_the_question_open(make_table: Callable[..., PairedScores]) -> None:
    difference = failures_of(make_table([0] * 16, [0] * 16)).rate.difference
    assert difference.value == 0
    assert difference.side_of(0) == 0


def test_exchanging_the_arms_flips_the_difference() -> None:
    there, back = newcombe_estimate(3, 5, 1, 20), newcombe_estimate(3, 1, 5, 20)
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))
