"""Figure 8, second half: the scores that two arms had when the cheaper one of each pair was done.

The dearer trial is cut where it had spent as much, and scored by its last validated epoch. That epoch lay
inside a schedule meant to run on, so it understates what a run planned for the smaller cost would reach.
"""

from typing import Literal

from pydantic import Field

from search_spaces.outcomes import Outcome
from service.robustness.counting import final_score, is_at_chance
from service.robustness.estimates import Figure
from service.robustness.pairs import Scoring, TrialPair
from service.robustness.trials import SweepHeader, TrialRow

Cost = Literal["image_passes", "device_seconds"]


class Cuts(Figure):
    """How many of an arm's matched trials had to be cut to the cost of their partner."""

    arm: str
    cut: int = Field(description="Trials scored at an epoch before their end.")
    without_score: int = Field(description="Those of them cut before their first validation: scored at chance.")


def scoring_at_equal_cost(sweep: SweepHeader, cost: Cost) -> Scoring:
    """Scores both trials of a pair at the smaller of their total costs."""

    def scoring(pair: TrialPair) -> tuple[float, float]:
        allowance = _allowance(pair, cost)
        return _score_within(sweep, pair[0], cost, allowance), _score_within(sweep, pair[1], cost, allowance)

    return scoring


def count_cuts(arms: tuple[str, str], pairs: tuple[TrialPair, ...], cost: Cost) -> tuple[Cuts, Cuts]:
    """The cuts of both arms."""
    first, second = (_count_cuts(arm, side, pairs, cost) for side, arm in enumerate(arms))
    return first, second


def _allowance(pair: TrialPair, cost: Cost) -> float:
    """The smaller total cost of the completed trials of a pair.

    A trial at chance was ended early, so its cost says nothing of what the arm needs; it would cut its healthy partner.
    """
    return min((_total(trial, cost) for trial in pair if trial.outcome is Outcome.COMPLETED), default=0.0)


def _score_within(sweep: SweepHeader, trial: TrialRow, cost: Cost, allowance: float) -> float:
    """The score reached within the allowance, higher is better; chance before the first validation."""
    if is_at_chance(trial) or _total(trial, cost) <= allowance:
        return final_score(sweep, trial)
    reached = _reached(trial, cost, allowance)
    return sweep.sign * (reached[-1] if reached else sweep.chance_level)


def _reached(trial: TrialRow, cost: Cost, allowance: float) -> list[float]:
    """The validated scores within the allowance, in the order of their cost."""
    curve = sorted(trial.curve, key=lambda point: point.step)
    return [point.score for point in curve if getattr(point, cost) <= allowance]


def _count_cuts(arm: str, side: int, pairs: tuple[TrialPair, ...], cost: Cost) -> Cuts:
    cut = [
        _reached(pair[side], cost, _allowance(pair, cost))
        for pair in pairs
        if not is_at_chance(pair[side]) and _total(pair[side], cost) > _allowance(pair, cost)
    ]
    return Cuts(arm=arm, cut=len(cut), without_score=cut.count([]))


def _total(trial: TrialRow, cost: Cost) -> float:
    return float(getattr(trial, cost))
