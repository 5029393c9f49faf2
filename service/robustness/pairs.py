"""Pairs: two arms at the same drawn points and seeds, the table that every paired figure is computed from."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from service.robustness.counting import FAILURES, reason_left_out
from service.robustness.estimates import Figure
from service.robustness.trials import TrialRow

# N pairs
FloatArray = NDArray[np.float64]
TrialPair = tuple[TrialRow, TrialRow]
Scoring = Callable[[TrialPair], tuple[float, float]]
"""The scores of two matched trials, higher is better."""


class DroppedPair(Figure):
    """A planned pair that no paired figure uses, because one of its trials is left out."""

    point: int
    replicate: int
    reason: str


@dataclass(frozen=True)
class MatchedTrials:
    """The trials of two arms at the same point and replicate, and what is in no pair."""

    arms: tuple[str, str]
    pairs: tuple[TrialPair, ...]
    dropped: tuple[DroppedPair, ...]
    alone: tuple[int, int]
    """Trials of each arm where the other has none: at points that the design gives to one of them."""


@dataclass(frozen=True)
class PairedScores:
    """Scores of two arms, higher is better, and failures; arrays of one entry per point."""

    points: tuple[int, ...]
    scores_a: FloatArray
    scores_b: FloatArray
    failed_a: NDArray[np.bool_]
    failed_b: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.points)


def match_trials(arms: tuple[str, str], trials: Sequence[TrialRow]) -> MatchedTrials:
    """Matches the trials of two arms by (point, replicate); a pair needs both of its trials to count."""
    of_arm = [{(trial.point, trial.replicate): trial for trial in trials if trial.arm == arm} for arm in arms]
    pairs, dropped = [], []
    for place in sorted(of_arm[0].keys() & of_arm[1].keys()):
        pair = of_arm[0][place], of_arm[1][place]
        reasons = [f"{trial.arm}: {why}" for trial in pair if (why := reason_left_out(trial))]
        if reasons:
            dropped.append(DroppedPair(point=place[0], replicate=place[1], reason="; ".join(reasons)))
        else:
            pairs.append(pair)
    planned = len(pairs) + len(dropped)
    return MatchedTrials(arms, tuple(pairs), tuple(dropped), alone=(len(of_arm[0]) - planned, len(of_arm[1]) - planned))


def score_pairs(pairs: Sequence[TrialPair], scoring: Scoring) -> PairedScores:
    """The paired table: a point's scores are means over its matched replicates.

    A configuration failed when any of its matched seeds diverged or collapsed.
    """
    at_point: dict[int, list[TrialPair]] = defaultdict(list)
    for pair in pairs:
        at_point[pair[0].point].append(pair)
    scores = [np.mean([scoring(pair) for pair in group], axis=0) for group in at_point.values()]
    failed = [np.any([_failures(pair) for pair in group], axis=0) for group in at_point.values()]
    scores_N2 = np.array(scores, dtype=np.float64).reshape(-1, 2)
    failed_N2 = np.array(failed, dtype=np.bool_).reshape(-1, 2)
    return PairedScores(tuple(at_point), scores_N2[:, 0], scores_N2[:, 1], failed_N2[:, 0], failed_N2[:, 1])


def _failures(pair: TrialPair) -> tuple[bool, bool]:
    return pair[0].outcome in FAILURES, pair[1].outcome in FAILURES
