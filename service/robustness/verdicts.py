"""Verdicts: what the figures say in one sentence each, with their numbers and the number of pairs.

A verdict names an arm only when the whole interval lies on its side; else there is not enough evidence.
"""

from pydantic import Field

from service.robustness.estimates import Estimate, Figure
from service.robustness.failures import Failures
from service.robustness.profile import Profile
from service.robustness.spread import Spread
from service.robustness.wins import Wins
from service.robustness.wording import count, difference, number, percent, ratio, with_interval

Arms = tuple[str, str]


class Verdict(Figure):
    """One answer."""

    question: str
    answer: str | None = Field(description="The arm that is ahead; none when there is not enough evidence.")
    sentence: str


def judge_profile(arms: Arms, profile: Profile, pairs: int) -> Verdict:
    """Which arm keeps more of its configurations close to the best."""
    own = profile.reference == "own best"
    claim = f"is more robust, measured from {'its own best' if own else 'the best of both'}"
    area = profile.area
    numbers = (
        f"profile area {number(area.a.value, 2)} for {arms[0]}, {number(area.b.value, 2)} for {arms[1]}, "
        f"difference {difference(area.difference)}"
    )
    leader = _leader(arms, area.difference.side_of(0))
    return _judge(claim, leader, numbers, area.difference, pairs)


def judge_spread(arms: Arms, spread: Spread, pairs: int) -> Verdict:
    """Which arm scatters less."""
    numbers = (
        f"SD {number(spread.a.sd, 4)} for {arms[0]}, {number(spread.b.sd, 4)} for {arms[1]}, "
        f"ratio {ratio(spread.log_sd_ratio)}"
    )
    leader = _leader(arms, -spread.log_sd_ratio.side_of(0))
    return _judge("scatters less", leader, numbers, spread.log_sd_ratio, pairs)


def judge_failures(arms: Arms, failures: Failures, pairs: int) -> Verdict:
    """Which arm diverges or collapses less often."""
    rate = failures.rate
    numbers = (
        f"failed configurations {percent(rate.a.value)} for {arms[0]}, {percent(rate.b.value)} for {arms[1]}, "
        f"difference {difference(rate.difference)}"
    )
    leader = _leader(arms, -rate.difference.side_of(0))
    return _judge("fails less often", leader, numbers, rate.difference, pairs)


def judge_wins(arms: Arms, wins: Wins, pairs: int) -> Verdict:
    """Which arm scores better at the same configuration."""
    numbers = (
        f"P({arms[0]} > {arms[1]}) = {with_interval(wins.probability)} "
        f"({wins.a_better} won, {wins.b_better} lost, {wins.ties} tied)"
    )
    leader = _leader(arms, wins.probability.side_of(0.5))
    return _judge("scores better at the same configuration", leader, numbers, wins.probability, pairs)


def _judge(claim: str, leader: str | None, numbers: str, decider: Estimate, pairs: int) -> Verdict:
    question = f"Which arm {claim}?"
    counted = count(pairs, "pair")
    if leader:
        return Verdict(question=question, answer=leader, sentence=f"{leader} {claim}: {numbers}; {counted}.")
    why = f"; no interval, because {decider.reason}" if decider.reason else ""
    sentence = f"Not enough evidence to say which arm {claim}: {numbers}; {counted}{why}."
    return Verdict(question=question, answer=None, sentence=sentence)


def _leader(arms: Arms, side: int) -> str | None:
    return {1: arms[0], -1: arms[1], 0: None}[side]
