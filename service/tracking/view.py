"""What is shown of sweeps and trials: plain pictures of the ledger's rows. Times are milliseconds since 1970."""

from collections.abc import Mapping
from dataclasses import dataclass

from search_spaces.outcomes import Outcome
from search_spaces.sweep_spec import SweepSpec
from search_spaces.trial_config import TrialConfig
from service.lifecycle import SweepState


@dataclass(frozen=True)
class SweepView:
    """A sweep, shown as a parent run."""

    id: str
    spec: SweepSpec
    state: SweepState
    reason: str | None
    started_at_ms: int
    """When it started, or was created where it has not."""
    ended_at_ms: int | None


@dataclass(frozen=True)
class TrialView:
    """A trial, shown as a child of its sweep's run."""

    sweep_id: str
    number: int
    arm: str
    point: int
    replicate: int
    config: TrialConfig
    outcome: Outcome | None
    reason: str | None
    scores: Mapping[str, float]
    """Final metrics by name; empty unless completed."""
    facts: Mapping[str, str]
    """What it ran on, by name."""
    attempts: int
    device_seconds: float
    image_passes: int
    started_at_ms: int
    """When its first attempt started, or it ended where none did."""
    ended_at_ms: int | None


@dataclass(frozen=True)
class StepView:
    """What a trial measured at the end of one epoch."""

    step: int
    metrics: Mapping[str, float]
    timestamp_ms: int
