"""Matching trials into pairs, averaging seeds, and naming what is dropped."""

from collections.abc import Callable

import pytest

from search_spaces.outcomes import Outcome
from service.robustness.counting import final_score
from service.robustness.pairs import Scoring, match_trials, score_pairs
from service.robustness.trials import SweepHeader, TrialRow

ARMS = ("supcon", "cross_entropy")


@pytest.fixture
def score(make_sweep: Callable[..., SweepHeader]) -> Scoring:
    return lambda pair: (final_score(make_sweep(), pair[0]), final_score(make_sweep(), pair[1]))


def test_each_arm_of_a_pair_stands_on_its_own_side(make_trials: Callable[..., list[TrialRow]], score: Scoring) -> None:
    table = score_pairs(match_trials(ARMS, make_trials([0.9, 0.8], [0.7, 0.6])).pairs, score)
    assert table.points == (0, 1)
    assert table.scores_a.tolist() == [0.9, 0.8]
    assert table.scores_b.tolist() == [0.7, 0.6]


def test_a_pair_with_a_trial_left_out_is_dropped_with_its_reason(make_trial: Callable[..., TrialRow]) -> None:
    trials = [
        make_trial("supcon", 0, 0.9),
        make_trial("cross_entropy", 0, None, Outcome.INFEASIBLE),
        make_trial("supcon", 1, None),
        make_trial("cross_entropy", 1, None, Outcome.FAILED),
    ]
    matched = match_trials(ARMS, trials)
    assert matched.pairs == ()
    reasons = [dropped.reason for dropped in matched.dropped]
    assert reasons == ["cross_entropy: infeasible", "supcon: did not end; cross_entropy: failed"]


def test_trials_at_a_point_of_one_arm_are_counted_and_not_dropped(make_trial: Callable[..., TrialRow]) -> None:
    alone = [make_trial("supcon", 3, 0.9), make_trial("supcon", 4, None, Outcome.FAILED)]
    matched = match_trials(ARMS, [*alone, *(make_trial(arm, 0, 0.9) for arm in ARMS)])
    assert (len(matched.pairs), matched.dropped, matched.alone) == (1, (), (2, 0))


def test_seeds_are_averaged_where_both_arms_count(make_trial: Callable[..., TrialRow], score: Scoring) -> None:
    trials = [
        make_trial("supcon", 0, 0.9, replicate=0),
        make_trial("supcon", 0, 0.7, replicate=1),
        make_trial("supcon", 0, 0.2, replicate=2),
        make_trial("cross_entropy", 0, 0.5, replicate=0),
        make_trial("cross_entropy", 0, None, Outcome.DIVERGED, replicate=1),
        make_trial("cross_entropy", 0, None, Outcome.FAILED, replicate=2),
    ]
    matched = match_trials(ARMS, trials)
    table = score_pairs(matched.pairs, score)
    assert len(matched.dropped) == 1
    assert table.scores_a.tolist() == pytest.approx([0.8])
    assert table.scores_b.tolist() == pytest.approx([(0.5 + 0.1) / 2])


def test_a_configuration_failed_when_any_of_its_seeds_did(make_trial: Callable[..., TrialRow], score: Scoring) -> None:
    trials = [make_trial(arm, 0, 0.9, replicate=0) for arm in ARMS]
    trials += [
        make_trial("supcon", 0, 0.9, replicate=1),
        make_trial("cross_entropy", 0, None, Outcome.COLLAPSED, replicate=1),
    ]
    table = score_pairs(match_trials(ARMS, trials).pairs, score)
    assert (table.failed_a.tolist(), table.failed_b.tolist()) == ([False], [True])


def test_a_timeout_is_not_a_failure(make_trial: Callable[..., TrialRow], score: Scoring) -> None:
    trials = [make_trial("supcon", 0, 0.9), make_trial("cross_entropy", 0, None, Outcome.TIMED_OUT)]
    table = score_pairs(match_trials(ARMS, trials).pairs, score)
    assert not table.failed_b.any()
    assert table.scores_b.tolist() == [0.1]


def test_no_pairs_make_an_empty_table(score: Scoring) -> None:
    assert len(score_pairs([], score)) == 0
