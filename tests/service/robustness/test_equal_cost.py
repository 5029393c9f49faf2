"""Scores at equal cost: who is cut, where, and what a cut trial scores."""

from collections.abc import Callable

import pytest

from search_spaces.outcomes import Outcome
from service.robustness.equal_cost import count_cuts, scoring_at_equal_cost
from service.robustness.trials import CurvePoint, SweepHeader, TrialRow

ARMS = ("supcon", "cross_entropy")


@pytest.fixture
def curve() -> tuple[CurvePoint, ...]:
    return tuple(CurvePoint(step, 100 * step, 2.0 * step, 0.2 * step) for step in (1, 2, 3, 4))


def test_the_dearer_trial_scores_its_last_epoch_within_the_cheaper_cost(
    make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow], curve: tuple[CurvePoint, ...]
) -> None:
    dear = make_trial("supcon", 0, 0.85, image_passes=400, device_seconds=8.5, curve=curve)
    cheap = make_trial("cross_entropy", 0, 0.7, image_passes=250, device_seconds=4.0, curve=())
    assert scoring_at_equal_cost(make_sweep(), "image_passes")((dear, cheap)) == (0.4, 0.7)
    assert scoring_at_equal_cost(make_sweep(), "device_seconds")((dear, cheap)) == (0.4, 0.7)


def test_an_epoch_that_ends_exactly_at_the_cost_counts(
    make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow], curve: tuple[CurvePoint, ...]
) -> None:
    dear = make_trial("supcon", 0, 0.85, image_passes=400, curve=curve[::-1])
    cheap = make_trial("cross_entropy", 0, 0.7, image_passes=300)
    assert scoring_at_equal_cost(make_sweep(), "image_passes")((dear, cheap))[0] == pytest.approx(0.6)


def test_a_trial_cut_before_its_first_validation_scores_at_chance(
    make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow], curve: tuple[CurvePoint, ...]
) -> None:
    dear = make_trial("supcon", 0, 0.85, image_passes=400, curve=curve)
    cheap = make_trial("cross_entropy", 0, 0.7, image_passes=99)
    assert scoring_at_equal_cost(make_sweep(), "image_passes")((dear, cheap)) == (0.1, 0.7)
    cuts = count_cuts(ARMS, ((dear, cheap),), "image_passes")
    assert [(one.arm, one.cut, one.without_score) for one in cuts] == [("supcon", 1, 1), ("cross_entropy", 0, 0)]


def test_equal_costs_cut_nobody(
    make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow], curve: tuple[CurvePoint, ...]
) -> None:
    pair = tuple(make_trial(arm, 0, 0.85, image_passes=400, curve=curve) for arm in ARMS)
    assert scoring_at_equal_cost(make_sweep(), "image_passes")(pair) == (0.85, 0.85)
    assert [one.cut for one in count_cuts(ARMS, (pair,), "image_passes")] == [0, 0]


def test_a_partner_that_diverged_early_cuts_nobody(
    make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow], curve: tuple[CurvePoint, ...]
) -> None:
    healthy = make_trial("supcon", 0, 0.85, image_passes=400, curve=curve)
    diverged = make_trial("cross_entropy", 0, None, Outcome.DIVERGED, image_passes=50, curve=curve[:1])
    assert scoring_at_equal_cost(make_sweep(), "image_passes")((healthy, diverged)) == (0.85, 0.1)
    assert [one.cut for one in count_cuts(ARMS, ((healthy, diverged),), "image_passes")] == [0, 0]


def test_two_trials_at_chance_stay_there(
    make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow]
) -> None:
    pair = tuple(make_trial(arm, 0, None, Outcome.COLLAPSED) for arm in ARMS)
    assert scoring_at_equal_cost(make_sweep(), "device_seconds")(pair) == (0.1, 0.1)


def test_losses_keep_their_turned_sign(
    make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow], curve: tuple[CurvePoint, ...]
) -> None:
    sweep = make_sweep(goal="minimize", chance_level=2.3)
    dear = make_trial("supcon", 0, 0.3, image_passes=400, curve=curve)
    cheap = make_trial("cross_entropy", 0, 0.7, image_passes=99)
    assert scoring_at_equal_cost(sweep, "image_passes")((dear, cheap)) == (-2.3, -0.7)
