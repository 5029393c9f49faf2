"""A verdict names an arm only when the whole interval is on its side, and carries its numbers."""

import numpy as np
import pytest

from service.robustness.bootstrap import draw_pairs
from service.robustness.failures import failures_of
from service.robustness.pairs import PairedScores
from service.robustness.profile import profile_of
from service.robustness.spread import spread_of
from service.robustness.verdicts import Verdict, judge_failures, judge_profile, judge_spread, judge_wins
from service.robustness.wins import wins_of

ARMS = ("supcon", "cross_entropy")


@pytest.fixture
def clear() -> PairedScores:
    """Arm a is better, steadier and fails less often than arm b, beyond doubt."""
    generator = np.random.default_rng(0)
    steady, wild = 0.97 - 0.002 * generator.random(40), 0.9 - 0.2 * generator.random(40)
    wild[:12] = 0.1
    return PairedScores(tuple(range(40)), steady, wild, np.zeros(40, bool), np.arange(40) < 12)


@pytest.fixture
def open_question() -> PairedScores:
    """Both arms are alike."""
    generator = np.random.default_rng(1)
    first, second = 0.95 - 0.03 * generator.random((2, 12))
    return PairedScores(tuple(range(12)), first, second, np.zeros(12, bool), np.zeros(12, bool))


def verdicts_of(table: PairedScores, arms: tuple[str, str] = ARMS) -> list[Verdict]:
    profile = profile_of(table, draw_pairs(len(table), 0), "own best", 1)
    return [
        judge_profile(arms, profile, len(table)),
        judge_spread(arms, spread_of(table, 0, 1), len(table)),
        judge_failures(arms, failures_of(table), len(table)),
        judge_wins(arms, wins_of(table, 0, 1), len(table)),
    ]


def test_clear_evidence_names_the_better_arm(clear: PairedScores) -> None:
    for verdict in verdicts_of(clear):
        assert verdict.answer == "supcon"
        assert verdict.sentence.startswith("supcon ")
        assert verdict.sentence.endswith("40 pairs.")
        assert "[" in verdict.sentence


def test_exchanged_arms_get_the_same_answers(clear: PairedScores) -> None:
    swapped = PairedScores(clear.points, clear.scores_b, clear.scores_a, clear.failed_b, clear.failed_a)
    assert [verdict.answer for verdict in verdicts_of(swapped, ARMS[::-1])] == ["supcon"] * 4


def test_an_interval_with_both_answers_is_not_enough_evidence(open_question: PairedScores) -> None:
    for verdict in verdicts_of(open_question):
        assert verdict.answer is None
        assert verdict.sentence.startswith("Not enough evidence to say which arm ")
        assert verdict.sentence.endswith("12 pairs.")


def test_a_verdict_without_interval_says_why() -> None:
    none = np.zeros(1, bool)
    table = PairedScores((0,), np.array([0.9]), np.array([0.5]), none, none)
    profile, spread, *_ = verdicts_of(table)
    assert profile.sentence.endswith("1 pair; no interval, because an interval needs at least 5 pairs, there are 1.")
    assert spread.sentence.endswith("1 pair; no interval, because a single pair has no spread.")
