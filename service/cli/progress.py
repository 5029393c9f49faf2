"""How far a sweep is, counted from its events alone, so that what is shown never runs ahead of the ledger."""

from collections import Counter
from dataclasses import dataclass, field

from search_spaces.metrics import METRICS
from search_spaces.outcomes import Outcome
from service.lifecycle import SweepState
from service.schemas.events import EventView
from service.schemas.sweeps import SweepDetail


@dataclass
class ArmTally:
    """One arm so far."""

    name: str
    total: int
    running: set[int] = field(default_factory=set)
    """Numbers of its trials that run."""
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    best_score: float | None = None

    @property
    def ended(self) -> int:
        """Trials with an outcome."""
        return self.outcomes.total()


class SweepProgress:
    """The tallies of a sweep's arms; every event is to be counted once, in order."""

    def __init__(self, sweep: SweepDetail) -> None:
        self.metric = sweep.spec.score_metric.name
        self.arms = {arm.arm: ArmTally(arm.arm, arm.total) for arm in sweep.arms}
        self.state = SweepState.QUEUED
        self._arm_of: dict[int, str] = {}

    def count(self, event: EventView) -> None:
        """Counts what happened. Kinds of events that move no tally are passed over."""
        match event.kind:
            case "sweep.state":
                self.state = SweepState(event.data["new"])
            case "trial.started":
                self._arm_of[event.data["number"]] = event.data["arm"]
                self.arms[event.data["arm"]].running.add(event.data["number"])
            case "trial.lost":
                self.arm_of(event).running.discard(event.data["number"])
            case "trial.ended":
                self._end_trial(event)

    def arm_of(self, event: EventView) -> ArmTally:
        """The arm of the trial that the event is about."""
        return self.arms[event.data.get("arm") or self._arm_of[event.data["number"]]]

    def _end_trial(self, event: EventView) -> None:
        arm = self.arm_of(event)
        arm.running.discard(event.data["number"])
        outcome = Outcome(event.data["outcome"])
        arm.outcomes[outcome] += 1
        score = event.data["score"]
        if outcome is Outcome.COMPLETED and score is not None:
            better = max if METRICS[self.metric].goal == "maximize" else min
            arm.best_score = score if arm.best_score is None else better(score, arm.best_score)
