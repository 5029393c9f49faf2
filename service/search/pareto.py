"""Which trials of a search for several goals are worth a look."""

from collections.abc import Mapping, Sequence

import numpy as np

from search_spaces.metrics import Goal


def pareto_front(scores: Mapping[int, Sequence[float]], goals: Sequence[Goal]) -> list[int]:
    """The numbers, in order, of the trials that no other beats: none is as good in every goal and better in one.

    `scores` are by number of the trial, one for each goal.
    """
    signs = np.array([1.0 if goal == "maximize" else -1.0 for goal in goals])
    signed = {number: np.array(row) * signs for number, row in scores.items()}
    # The best in the first goal first: what beats a trial comes before it.
    ordered = sorted(signed, key=lambda number: tuple(-signed[number]))
    front: list[int] = []
    kept = np.empty((0, len(goals)))
    for number in ordered:
        own = signed[number]
        is_beaten = np.all(kept >= own, axis=1) & np.any(kept > own, axis=1)
        if not is_beaten.any():
            front.append(number)
            kept = np.vstack([kept, own])
    return sorted(front)
