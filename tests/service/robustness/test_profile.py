"""The ε-robustness profile against loops over configurations and resamples."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from service.robustness import bootstrap
from service.robustness.bootstrap import draw_pairs
from service.robustness.pairs import FloatArray, PairedScores
from service.robustness.profile import Profile, Reference, profile_of

SCORES = st.lists(st.integers(0, 216), min_size=1, max_size=12)


@pytest.fixture(scope="module")
def profile(make_table: Callable[..., PairedScores]) -> Callable[..., Profile]:
    """The profile of two columns of scores."""

    def make(
        scores_a: ArrayLike, scores_b: ArrayLike, reference: Reference = "own best", sign: int = 1, seed: int = 0
    ) -> Profile:
        return profile_of(make_table(scores_a, scores_b), draw_pairs(np.size(scores_a), seed), reference, sign)

    return make


def slow_share(scores: Sequence[float], best: float, epsilon_points: float) -> float:
    """Counts in exact integers of 1/10000, so that a score exactly ε below the best is within."""
    near = 0
    for score in scores:
        if round((best - score) * 10_000) <= round(epsilon_points * 100):
            near += 1
    return near / len(scores)


def slow_area(scores: Sequence[float], best: float, steps: int = 5000) -> float:
    return (
        sum(np.mean([best - score <= 0.05 * (step + 0.5) / steps for score in scores]) for step in range(steps)) / steps
    )


@pytest.mark.parametrize("reference", ["own best", "common best"])
def test_shares_and_area_equal_a_loop(reference: str, profile: Callable[..., Profile]) -> None:
    generator = np.random.default_rng(2)
    first, second = (np.round(0.98 - 0.03 * generator.exponential(size=15), 3) for _ in range(2))
    made = profile(first, second, reference)
    common = max(*first, *second)
    for scores, side in ((first, "a"), (second, "b")):
        best = max(scores) if reference == "own best" else common
        for at in made.at:
            assert getattr(at.share, side).value == slow_share(scores, best, at.epsilon_points)
        assert getattr(made.area, side).value == pytest.approx(slow_area(scores, best), abs=2e-3)


def test_a_score_exactly_epsilon_below_the_best_is_within(profile: Callable[..., Profile]) -> None:
    made = profile([0.90, 0.85, 0.849], [0.5, 0.5, 0.5])
    assert made.at[-1].share.a.value == pytest.approx(2 / 3)


def test_intervals_are_those_of_a_loop_over_resamples(
    monkeypatch: pytest.MonkeyPatch, profile: Callable[..., Profile]
) -> None:
    monkeypatch.setattr(bootstrap, "RESAMPLES", 200)
    generator = np.random.default_rng(3)
    first, second = (np.round(0.98 - 0.03 * generator.exponential(size=9), 3) for _ in range(2))
    made = profile(first, second, seed=4)
    differences = []
    for draw in draw_pairs(9, seed=4):
        redrawn_a, redrawn_b = [first[i] for i in draw], [second[i] for i in draw]
        differences.append(slow_share(redrawn_a, max(redrawn_a), 2) - slow_share(redrawn_b, max(redrawn_b), 2))
    interval = made.at[2].share.difference
    assert (interval.low, interval.high) == pytest.approx(np.quantile(differences, [0.025, 0.975]))


def test_losses_show_their_best_in_their_own_sign(profile: Callable[..., Profile]) -> None:
    made = profile([-0.2, -0.5], [-0.3, -0.4], "common best", sign=-1)
    assert (made.best_a, made.best_b) == (0.2, 0.2)


def test_arms_without_any_spread_are_wholly_robust_and_have_no_interval(profile: Callable[..., Profile]) -> None:
    made = profile([0.9] * 6, [0.9] * 6)
    assert made.area.a.value == made.area.b.value == 1
    assert made.area.difference.reason == "every resample gives the same value"
    assert made.curve.a.low is None


@settings(max_examples=25, deadline=None)
@given(counts=SCORES, seed=st.integers(0, 2**16))
def test_exchanging_the_arms_flips_every_sign(counts: list[int], seed: int, profile: Callable[..., Profile]) -> None:
    first = [count / 216 for count in counts]
    second = np.random.default_rng(seed).permutation(first) * 0.99
    for reference in ("own best", "common best"):
        there, back = profile(first, second, reference), profile(second, first, reference)
        assert there.area.a == back.area.b
        assert there.area.difference.value == pytest.approx(-back.area.difference.value)
        if there.area.difference.low is not None:
            assert there.area.difference.low == pytest.approx(-back.area.difference.high)


@settings(max_examples=25, deadline=None)
@given(counts=SCORES, shift=st.integers(1, 50))
def test_adding_a_constant_to_every_score_changes_nothing(
    counts: list[int], shift: int, profile: Callable[..., Profile]
) -> None:
    first = [count / 256 for count in counts]
    plain, moved = (
        profile(first, first[::-1]),
        profile([s + shift / 256 for s in first], [s + shift / 256 for s in first[::-1]]),
    )
    assert plain.at == moved.at
    assert plain.area.a.value == pytest.approx(moved.area.a.value)


@pytest.mark.slow
def test_intervals_of_the_difference_in_area_cover_it_nearly_as_often_as_they_say(
    monkeypatch: pytest.MonkeyPatch, profile: Callable[..., Profile]
) -> None:
    monkeypatch.setattr(bootstrap, "RESAMPLES", 800)
    generator = np.random.default_rng(0)
    samples = [draw_correlated_accuracies(generator, pairs=32) for _ in range(400)]
    profiles = [profile(first, second, seed=index) for index, (first, second) in enumerate(samples)]
    truth = np.mean([made.area.difference.value for made in profiles])
    covered = np.mean([made.area.difference.low <= truth <= made.area.difference.high for made in profiles])
    assert 0.90 <= covered <= 0.98


def draw_correlated_accuracies(generator: np.random.Generator, pairs: int) -> tuple[FloatArray, FloatArray]:
    shared = generator.exponential(size=pairs)
    return 0.97 - 0.01 * (shared + generator.exponential(size=pairs)), 0.96 - 0.02 * (
        shared + generator.exponential(size=pairs)
    )
