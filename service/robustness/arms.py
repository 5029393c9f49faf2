"""Each arm by itself: how its trials ended, its best configuration, and what it cost (figure 8, first half)."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from pydantic import Field

from search_spaces.learning_rates import peak_learning_rate
from search_spaces.outcomes import Outcome
from search_spaces.trial_config import TrialConfig
from service.robustness.counting import final_score, is_scored, reason_left_out
from service.robustness.estimates import Figure
from service.robustness.trials import SweepHeader, TrialRow


class BestTrial(Figure):
    """The completed trial with the best score on the validation split."""

    number: int
    score: float
    scores: dict[str, float] = Field(description="Everything measured at the end, test metrics among it.")
    config: TrialConfig


class ArmCost(Figure):
    """What an arm cost: totals over all its trials and attempts, medians over completed trials."""

    device_seconds: float
    image_passes: int
    median_device_seconds: float | None
    median_image_passes: float | None


class ArmSummary(Figure):
    """One arm by itself."""

    name: str
    planned: int
    outcomes: dict[Outcome, int] = Field(description="Trials by outcome; every outcome is listed.")
    without_outcome: int = Field(description="Trials that never ended.")
    best: BestTrial | None
    cost: ArmCost


class TrialFact(Figure):
    """One trial as it counts in the figures."""

    number: int
    arm: str
    point: int
    replicate: int
    outcome: Outcome | None
    score: float | None = Field(description="The score that counts, in the metric's sign; none when left out.")
    left_out: str | None = Field(description="Why the trial does not count.")
    learning_rate_multiplier: float
    peak_learning_rate: float
    image_passes: int
    device_seconds: float


def summarise_arm(sweep: SweepHeader, name: str, trials: Sequence[TrialRow]) -> ArmSummary:
    """Counts, best trial and cost of the arm's trials."""
    of_arm = [trial for trial in trials if trial.arm == name]
    endings = Counter(trial.outcome for trial in of_arm)
    return ArmSummary(
        name=name,
        planned=len(of_arm),
        outcomes={outcome: endings[outcome] for outcome in Outcome},
        without_outcome=endings[None],
        best=_best(sweep, of_arm),
        cost=_cost(of_arm),
    )


def trial_fact(sweep: SweepHeader, trial: TrialRow) -> TrialFact:
    """The trial as it counts."""
    left_out = reason_left_out(trial)
    return TrialFact(
        number=trial.number,
        arm=trial.arm,
        point=trial.point,
        replicate=trial.replicate,
        outcome=trial.outcome,
        score=None if left_out else sweep.sign * final_score(sweep, trial),
        left_out=left_out,
        learning_rate_multiplier=trial.config.learning_rate_multiplier,
        peak_learning_rate=peak_learning_rate(trial.config),
        image_passes=trial.image_passes,
        device_seconds=trial.device_seconds,
    )


def _best(sweep: SweepHeader, trials: Sequence[TrialRow]) -> BestTrial | None:
    """The best completed trial, the lowest number among equals."""
    scored = [trial for trial in trials if is_scored(trial)]
    if not scored:
        return None
    best = max(scored, key=lambda trial: (final_score(sweep, trial), -trial.number))
    assert best.score is not None
    return BestTrial(number=best.number, score=best.score, scores=best.scores, config=best.config)


def _cost(trials: Sequence[TrialRow]) -> ArmCost:
    completed = [trial for trial in trials if trial.outcome is Outcome.COMPLETED]
    return ArmCost(
        device_seconds=sum(trial.device_seconds for trial in trials),
        image_passes=sum(trial.image_passes for trial in trials),
        median_device_seconds=_median([trial.device_seconds for trial in completed]),
        median_image_passes=_median([trial.image_passes for trial in completed]),
    )


def _median(costs: Sequence[float]) -> float | None:
    return float(np.median(costs)) if costs else None
