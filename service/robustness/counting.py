"""Who counts: which trials have a score, which count at chance level, and why the others are left out."""

import math

from search_spaces.outcomes import SCORED_AT_CHANCE, Outcome
from service.robustness.trials import SweepHeader, TrialRow

FAILURES = frozenset({Outcome.DIVERGED, Outcome.COLLAPSED})
"""The endings that figure 3 counts: the objective broke down at this configuration."""


def is_at_chance(trial: TrialRow) -> bool:
    """Whether the trial led to no usable model, so that it scores like guessing."""
    return trial.outcome in SCORED_AT_CHANCE


def is_scored(trial: TrialRow) -> bool:
    """Whether the trial was completed with a finite score."""
    return trial.outcome is Outcome.COMPLETED and trial.score is not None and math.isfinite(trial.score)


def reason_left_out(trial: TrialRow) -> str | None:
    """Why nothing is known of the arm at this point; None for a trial that counts."""
    if is_scored(trial) or is_at_chance(trial):
        return None
    if trial.outcome is None:
        return "did not end"
    if trial.outcome is Outcome.COMPLETED:
        return "completed without a score"
    return trial.outcome.value


def final_score(sweep: SweepHeader, trial: TrialRow) -> float:
    """The score of a trial that counts, higher is better: its own, or the chance level."""
    if is_at_chance(trial):
        return sweep.sign * sweep.chance_level
    assert trial.score is not None
    return sweep.sign * trial.score
