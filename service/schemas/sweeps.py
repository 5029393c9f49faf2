"""Sweeps as the API shows them."""

from datetime import datetime

from pydantic import BaseModel, Field

from search_spaces.outcomes import Outcome
from search_spaces.sweep_spec import SweepSpec
from service.lifecycle import SweepState
from service.schemas.runners import RunnerView


class ArmProgress(BaseModel):
    """How far one arm is. total = planned + running + the outcomes."""

    arm: str
    total: int = Field(description="Trials of the arm, those of a search that are still to be drawn included.")
    planned: int
    running: int
    outcomes: dict[Outcome, int] = Field(description="Ended trials by outcome; only outcomes that occurred.")
    best_score: float | None = Field(description="Best score of the sweep's first metric among completed trials.")
    pareto_front: list[int] = Field(
        default=[],
        description="With several metrics: the completed trials, by number, that no other of the arm beats in all.",
    )


class Use(BaseModel):
    """How much of a limit of the budget is used."""

    used: float
    limit: float | None = Field(description="None where the budget sets no limit.")


class BudgetUse(BaseModel):
    """What of the sweep's budget is used; the sweep is cut when one of them is used up."""

    device_hours: Use = Field(description="Over all attempts.")
    wall_clock_seconds: Use = Field(description="Since the sweep started, without its pauses.")
    failure_rate: Use = Field(description="Share of the ended trials that failed.")


class SweepLinks(BaseModel):
    """Where to look further."""

    report: str = Field(description="The report, once the sweep has succeeded.")
    events: str
    clusters: dict[str, str] = Field(description="Dashboard of each cluster that runs its trials, or ran them.")
    mlflow: str | None = Field(description="The sweep's experiment in the MLflow UI, once it is shown there.")


class SweepSummary(BaseModel):
    """One line of the list of sweeps."""

    id: str
    name: str
    owner: str = Field(description="Whom the key speaks for that submitted it.")
    state: SweepState
    state_reason: str | None = Field(description="Why the sweep is in this state, where that needs a word.")
    labels: dict[str, str]
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    trials: int = Field(description="All trials of the sweep.")
    trials_ended: int


class SweepDetail(SweepSummary):
    """One sweep with its progress."""

    etag: str = Field(
        description="Its ETag, which changes by people change; as If-Match it keeps a change to what was seen."
    )
    spec: SweepSpec
    arms: list[ArmProgress]
    device_seconds: float = Field(description="Device-seconds spent over all attempts.")
    budget: BudgetUse
    runners: list[RunnerView] = Field(description="Its newest runners, the newest first; at most 20.")
    links: SweepLinks
    mlflow_events_behind: int = Field(description="Events that MLflow does not show yet; 0 once it has caught up.")
    mlflow_problem: str | None = Field(default=None, description="Why MLflow could not be told of them, last time.")


class SweepPage(BaseModel):
    """Sweeps, the newest first."""

    items: list[SweepSummary]
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; none on the last.")
