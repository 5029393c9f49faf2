"""Who counts: every outcome has its place in the statistics."""

import math
from collections.abc import Callable

import pytest

from search_spaces.outcomes import Outcome
from service.robustness.counting import final_score, reason_left_out
from service.robustness.trials import SweepHeader, TrialRow


@pytest.mark.parametrize("outcome", [Outcome.DIVERGED, Outcome.COLLAPSED, Outcome.TIMED_OUT])
def test_a_trial_without_a_usable_model_scores_at_chance(
    outcome: Outcome, make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow]
) -> None:
    # A score that the trial reached before its end must not count.
    trial = make_trial("supcon", 0, 0.9, outcome)
    assert reason_left_out(trial) is None
    assert final_score(make_sweep(), trial) == 0.1


@pytest.mark.parametrize("outcome", [Outcome.PRUNED, Outcome.INFEASIBLE, Outcome.FAILED, Outcome.CANCELLED])
def test_a_trial_that_says_nothing_is_left_out_by_its_outcome(
    outcome: Outcome, make_trial: Callable[..., TrialRow]
) -> None:
    assert reason_left_out(make_trial("supcon", 0, 0.9, outcome)) == outcome.value


def test_a_trial_that_did_not_end_is_left_out(make_trial: Callable[..., TrialRow]) -> None:
    assert reason_left_out(make_trial("supcon", 0, None)) == "did not end"


@pytest.mark.parametrize("score", [None, math.nan, math.inf])
def test_a_completed_trial_without_a_finite_score_is_left_out(
    score: float | None, make_trial: Callable[..., TrialRow]
) -> None:
    assert reason_left_out(make_trial("supcon", 0, score, Outcome.COMPLETED)) == "completed without a score"


def test_losses_count_with_their_sign_turned(
    make_sweep: Callable[..., SweepHeader], make_trial: Callable[..., TrialRow]
) -> None:
    sweep = make_sweep(metric="val_nll", goal="minimize", chance_level=2.3)
    assert final_score(sweep, make_trial("supcon", 0, 0.2)) == -0.2
    assert final_score(sweep, make_trial("supcon", 0, None, Outcome.DIVERGED)) == -2.3
