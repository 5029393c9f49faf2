"""Where a running sweep is cut: its budget of time and device-hours, and its breaker of failures."""

from datetime import datetime

from search_spaces.outcomes import Outcome
from service.lifecycle import SweepState
from service.reconciler.claim import Picture

JUDGED_FROM = 5
"""Ended trials from which the failure rate is judged: one bad first trial condemns nothing."""


def broken_limit(picture: Picture, now: datetime) -> tuple[SweepState, str] | None:
    """What the sweep becomes and why, when a limit of its budget is broken; None while all hold."""
    return _too_many_failures(picture) or _out_of_time(picture, now) or _out_of_device_hours(picture)


def _too_many_failures(picture: Picture) -> tuple[SweepState, str] | None:
    failed = sum(count.trials for count in picture.counts if count.outcome is Outcome.FAILED)
    limit = picture.spec.budget.max_failure_rate
    if picture.ended_trials < JUDGED_FROM or failed <= limit * picture.ended_trials:
        return None
    share = f"{failed} of {picture.ended_trials} ended trials failed"
    return SweepState.FAILED, f"{share}, more than budget.max_failure_rate = {limit}"


def _out_of_time(picture: Picture, now: datetime) -> tuple[SweepState, str] | None:
    limit = picture.spec.budget.wall_clock
    if limit is None or picture.sweep.running_seconds(now) < limit:
        return None
    return SweepState.ANALYSING, f"cut by budget.wall_clock = {limit:g} s"


def _out_of_device_hours(picture: Picture) -> tuple[SweepState, str] | None:
    limit = picture.spec.budget.device_hours
    if limit is None or picture.device_seconds < limit * 3600:
        return None
    return SweepState.ANALYSING, f"cut by budget.device_hours = {limit:g}"
