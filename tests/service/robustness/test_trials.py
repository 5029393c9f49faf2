"""The order of rows must not matter, and rows that cannot be must be refused."""

import random
from collections.abc import Callable

import pytest

from service.robustness.trials import SweepHeader, TrialRow, in_order


def test_trials_are_ordered_by_arm_point_and_replicate(
    make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow]
) -> None:
    trials = [make_trial(arm, point, 0.5) for arm in ("supcon", "cross_entropy") for point in range(3)]
    shuffled = random.Random(1).sample(trials, len(trials))
    assert in_order(make_sweep(), shuffled) == trials


def test_a_trial_of_an_unknown_arm_is_refused_by_name(
    make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow]
) -> None:
    with pytest.raises(ValueError, match="arm 'simclr'; the sweep has supcon, cross_entropy"):
        in_order(make_sweep(), [make_trial("simclr", 0, 0.5)])


def test_two_trials_of_one_place_are_refused(
    make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow]
) -> None:
    twins = [make_trial("supcon", 4, 0.5, number=7), make_trial("supcon", 4, 0.6, number=8)]
    with pytest.raises(ValueError, match="trials 7 and 8 are both arm 'supcon', point 4, replicate 0"):
        in_order(make_sweep(), twins)


def test_the_sign_turns_losses_around(make_sweep: Callable[..., SweepHeader]) -> None:
    assert make_sweep(goal="maximize").sign == 1
    assert make_sweep(goal="minimize").sign == -1
