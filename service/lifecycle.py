"""The states of sweeps, trials and runners, and the only function that moves a sweep."""

from enum import StrEnum

from service.errors import WrongState


class SweepState(StrEnum):
    """Where a sweep stands."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    ANALYSING = "analysing"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TrialState(StrEnum):
    """Where a trial stands. A lost trial goes back to planned."""

    PLANNED = "planned"
    RUNNING = "running"
    ENDED = "ended"


class RunnerState(StrEnum):
    """Where a runner stands. A fenced runner is never heard again."""

    SUBMITTING = "submitting"
    LIVE = "live"
    FINISHED = "finished"
    FENCED = "fenced"


OPEN_STATES = frozenset({SweepState.QUEUED, SweepState.RUNNING})
"""Trials are handed out."""

FINISHED_STATES = frozenset({SweepState.SUCCEEDED, SweepState.FAILED, SweepState.CANCELLED})
"""Nothing runs, and nothing changes unless somebody opens the sweep again."""

_NEXT: dict[SweepState, frozenset[SweepState]] = {
    SweepState.QUEUED: frozenset({SweepState.RUNNING, SweepState.PAUSED, SweepState.CANCELLING}),
    SweepState.RUNNING: frozenset({SweepState.PAUSED, SweepState.ANALYSING, SweepState.CANCELLING}),
    SweepState.PAUSED: frozenset({SweepState.QUEUED, SweepState.RUNNING, SweepState.CANCELLING}),
    SweepState.CANCELLING: frozenset({SweepState.CANCELLED, SweepState.FAILED}),
    SweepState.ANALYSING: frozenset({SweepState.SUCCEEDED, SweepState.FAILED, SweepState.CANCELLING}),
    # Opened again: by more configurations, or to try again what failed, a report that could not be made included.
    SweepState.SUCCEEDED: frozenset({SweepState.QUEUED}),
    SweepState.FAILED: frozenset({SweepState.QUEUED, SweepState.ANALYSING}),
    SweepState.CANCELLED: frozenset({SweepState.QUEUED}),
}


def advance(old: SweepState, new: SweepState) -> SweepState:
    """The new state. Raises WrongState when a sweep cannot go from `old` to `new`."""
    if new not in _NEXT.get(old, frozenset()):
        raise WrongState(f"a sweep that is {old.value} cannot become {new.value}")
    return new
