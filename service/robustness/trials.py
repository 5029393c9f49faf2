"""What the report is made from: the facts of a sweep and of its trials, as the ledger tells them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from search_spaces.design import DesignKind
from search_spaces.metrics import Goal
from search_spaces.outcomes import Outcome
from search_spaces.trial_config import TrialConfig


@dataclass(frozen=True)
class SweepHeader:
    """What the report must know of a sweep; `arms` are in the order of the spec."""

    sweep_id: str
    name: str
    dataset: str
    metric: str
    goal: Goal
    chance_level: float
    arms: tuple[str, ...]
    design: DesignKind
    match: str
    note: str | None = None
    """Why the sweep is not whole, for example that it was cancelled."""
    further_metrics: tuple[str, ...] = ()
    """The other metrics of a search for several goals, which no figure is made of."""

    @property
    def sign(self) -> int:
        """1 where higher scores are better, else -1: the statistics multiply by it, the outputs do again."""
        return 1 if self.goal == "maximize" else -1


@dataclass(frozen=True)
class CurvePoint:
    """One validated epoch of a trial: what had been spent, and the sweep's metric."""

    step: int
    image_passes: int
    device_seconds: float
    score: float


@dataclass(frozen=True)
class TrialRow:
    """One trial. `score` is the sweep's metric at the end, in its natural sign; costs are over all attempts."""

    number: int
    arm: str
    point: int
    replicate: int
    seed: int
    outcome: Outcome | None
    reason: str | None
    score: float | None
    scores: dict[str, float]
    image_passes: int
    device_seconds: float
    attempts: int
    config: TrialConfig
    curve: tuple[CurvePoint, ...] = ()


def in_order(sweep: SweepHeader, trials: Sequence[TrialRow]) -> list[TrialRow]:
    """The trials by arm, point and replicate, so that a report does not depend on the order of rows.

    Raises ValueError for a trial of an unknown arm, and for two trials of one (arm, point, replicate).
    """
    for trial in trials:
        if trial.arm not in sweep.arms:
            raise ValueError(f"trial {trial.number} is of arm {trial.arm!r}; the sweep has {', '.join(sweep.arms)}")
    ordered = sorted(trials, key=lambda trial: (sweep.arms.index(trial.arm), _place(trial)))
    for one, next_one in pairwise(ordered):
        if one.arm == next_one.arm and _place(one) == _place(next_one):
            numbers = f"trials {one.number} and {next_one.number}"
            raise ValueError(f"{numbers} are both arm {one.arm!r}, point {one.point}, replicate {one.replicate}")
    return ordered


def _place(trial: TrialRow) -> tuple[int, int]:
    return trial.point, trial.replicate
