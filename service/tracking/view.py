"""What is shown of sweeps and trials: plain pictures of the ledger's rows. Times are milliseconds since 1970."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from search_spaces.outcomes import Outcome
from search_spaces.sweep_spec import SweepSpec
from search_spaces.trial_config import TrialConfig
from service.lifecycle import SweepState, TrialState


@dataclass(frozen=True)
class Environment:
    """The control plane that shows a sweep."""

    version: str
    revision: str | None
    """Git's name of its code, where that can be found out."""
    python: str
    packages: Mapping[str, str]
    """Version by name."""


@dataclass(frozen=True)
class SweepView:
    """A sweep, shown as a parent run."""

    id: str
    owner: str
    spec: SweepSpec
    state: SweepState
    reason: str | None
    started_at_ms: int
    """When it started, or was created where it has not."""
    ended_at_ms: int | None
    link: str
    """URL of the sweep in the service's API."""
    environment: Environment


@dataclass(frozen=True)
class Place:
    """Where a trial's newest attempt runs or ran."""

    cluster: str
    runner_id: str
    job: str | None
    """Name of the runner's job on the cluster; none for a person's own worker."""
    link: str | None
    """URL of the job on the cluster's dashboard, where there is one."""


@dataclass(frozen=True)
class TrialView:
    """A trial, shown as a child of its sweep's run."""

    sweep_id: str
    number: int
    arm: str
    point: int
    replicate: int
    config: TrialConfig
    state: TrialState
    outcome: Outcome | None
    reason: str | None
    scores: Mapping[str, float]
    """Final metrics by name; empty unless completed."""
    facts: Mapping[str, str]
    """What it ran on, by name."""
    attempts: int
    device_seconds: float
    image_passes: int
    last_step: int
    """Epochs that it has told of."""
    started_at_ms: int
    """When its first attempt started, or it ended where none did."""
    ended_at_ms: int | None
    place: Place | None
    """None before its first attempt."""
    link: str
    """URL of the trial in the service's API."""


@dataclass(frozen=True)
class StepView:
    """What a trial measured at the end of one epoch."""

    step: int
    metrics: Mapping[str, float]
    timestamp_ms: int


@dataclass(frozen=True)
class SeenRun:
    """A run as the tracking server shows it."""

    run_id: str
    number: int | None
    """Of the trial that it shows; none for the sweep's own run."""
    parent_id: str | None
    status: str
    outcome: str
    """The outcome that its tag tells; empty before the trial has ended, and for a sweep."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    """The newest value of every metric."""
