"""How a trial can end, and how each ending counts in the statistics."""

from enum import StrEnum


class Outcome(StrEnum):
    """The one ending of a trial. A lost trial has none: it is planned again."""

    COMPLETED = "completed"
    PRUNED = "pruned"
    DIVERGED = "diverged"
    COLLAPSED = "collapsed"
    INFEASIBLE = "infeasible"
    TIMED_OUT = "timed_out"
    FAILED = "failed"
    CANCELLED = "cancelled"


SCORED_AT_CHANCE = frozenset({Outcome.DIVERGED, Outcome.COLLAPSED, Outcome.TIMED_OUT})
"""The hyperparameters led to no usable model: the trial counts with the score of guessing."""

LEFT_OUT = frozenset({Outcome.PRUNED, Outcome.INFEASIBLE, Outcome.FAILED, Outcome.CANCELLED})
"""Nothing is known of the objective at this point: counted and named, never scored."""
