"""Each arm by itself: endings, best trial, cost, and its trials as they count."""

from collections.abc import Callable

import pytest

from search_spaces.outcomes import Outcome
from search_spaces.trial_config import TrialConfig
from service.robustness.arms import summarise_arm, trial_fact
from service.robustness.trials import SweepHeader, TrialRow


def test_every_planned_trial_is_counted_under_one_ending(
    make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow]
) -> None:
    endings = [Outcome.COMPLETED, Outcome.COMPLETED, Outcome.DIVERGED, Outcome.FAILED, None]
    trials = [
        make_trial("supcon", point, 0.9 if ending is Outcome.COMPLETED else None, ending)
        for point, ending in enumerate(endings)
    ]
    arm = summarise_arm(make_sweep(), "supcon", [*trials, make_trial("cross_entropy", 0, 0.5)])
    assert arm.planned == 5
    assert arm.outcomes == {outcome: endings.count(outcome) for outcome in Outcome}
    assert sum(arm.outcomes.values()) + arm.without_outcome == arm.planned


@pytest.mark.parametrize(("goal", "best"), [("maximize", 0.9), ("minimize", 0.2)])
def test_the_best_trial_is_the_best_completed_one(
    goal: str, best: float, make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow]
) -> None:
    trials = [make_trial("supcon", point, score) for point, score in enumerate([0.5, 0.9, 0.2])]
    trials.append(make_trial("supcon", 3, 0.99 if goal == "maximize" else 0.01, Outcome.PRUNED))
    assert summarise_arm(make_sweep(goal=goal), "supcon", trials).best.score == best


def test_among_equals_the_lowest_number_is_the_best(
    make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow]
) -> None:
    trials = [make_trial("supcon", point, 0.9, number=9 - point) for point in range(3)]
    assert summarise_arm(make_sweep(), "supcon", trials).best.number == 7


def test_an_arm_without_completed_trials_has_no_best_and_no_median_cost(
    make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow]
) -> None:
    arm = summarise_arm(make_sweep(), "supcon", [make_trial("supcon", 0, None, Outcome.DIVERGED, device_seconds=3.0)])
    assert arm.best is None
    assert (arm.cost.device_seconds, arm.cost.median_device_seconds) == (3.0, None)


def test_costs_add_up_over_all_trials_and_medians_over_completed_ones(
    make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow]
) -> None:
    trials = [
        make_trial("supcon", point, 0.9, device_seconds=float(point), image_passes=100 * point) for point in (1, 2, 9)
    ]
    trials.append(make_trial("supcon", 10, None, Outcome.FAILED, device_seconds=5.0, image_passes=50))
    cost = summarise_arm(make_sweep(), "supcon", trials).cost
    assert (cost.device_seconds, cost.image_passes) == (17.0, 1250)
    assert (cost.median_device_seconds, cost.median_image_passes) == (2.0, 200.0)


def test_a_trial_fact_tells_the_learning_rate_around_the_centre_and_itself(
    make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow]
) -> None:
    config = TrialConfig(objective="cross_entropy", optimizer="sgd", batch_size=128, learning_rate_multiplier=3.0)
    fact = trial_fact(make_sweep(), make_trial("cross_entropy", 0, 0.9, config=config))
    assert fact.learning_rate_multiplier == 3.0
    assert fact.peak_learning_rate == pytest.approx(0.1 * 128 / 256 * 3.0)


def test_a_trial_fact_tells_what_counts(
    make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow]
) -> None:
    assert trial_fact(make_sweep(), make_trial("supcon", 0, None, Outcome.DIVERGED)).score == 0.1
    left_out = trial_fact(make_sweep(), make_trial("supcon", 0, None, Outcome.INFEASIBLE))
    assert (left_out.score, left_out.left_out) == (None, "infeasible")
