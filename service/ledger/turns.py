"""Turns: whose trial comes next where several sweeps want the same cluster, and how much an owner may run at once.

The highest priority first; then the owner with the fewest running trials, the sweep with the fewest, the older one.
A sweep stands in line while its runners ask for trials that it has: a runner asks only when its cluster has room.
"""

from datetime import datetime, timedelta

from search_spaces.sweep_spec import SweepSpec, count_trials
from service.db import locks, runners, trials
from service.db.database import Session
from service.db.runners import RunnerRow
from service.db.sweeps import SweepRow
from service.settings import Settings

IN_LINE_SECONDS = 3.0
"""A runner that wants a trial asks about once a second."""


async def is_next_in_turn(
    session: Session, settings: Settings, sweep: SweepRow, runner: RunnerRow, now: datetime
) -> bool:
    """Whether the runner may have the trial that it asks for and that its sweep has for it."""
    runner.asked_at = now
    quota = settings.quota_of(sweep.owner).running_trials
    rivals = await runners.sweeps_in_line(
        session, runner.cluster, since=now - timedelta(seconds=IN_LINE_SECONDS), besides=sweep.id
    )
    if quota is None and not rivals:
        return True
    # Two sweeps of one owner, or of one cluster, would each see the other wait.
    await locks.hold(session, "turns")
    running = await trials.count_running_by_sweep(session)
    by_owner: dict[str, int] = {}
    for owner, count in running.values():
        by_owner[owner] = by_owner.get(owner, 0) + count
    if quota is not None and by_owner.get(sweep.owner, 0) >= quota:
        return False
    own_place = _place_in_line(sweep, running, by_owner)
    ahead = [rival for rival in rivals if _place_in_line(rival, running, by_owner) < own_place]
    for rival in ahead:
        if _may_run_more(settings, rival, running, by_owner) and await _has_trial(session, rival):
            return False
    return True


async def has_room_for_drawing(session: Session, sweep_id: str, spec: SweepSpec) -> bool:
    """Whether a search has trials that are still to be drawn."""
    return spec.design.kind == "search" and await trials.count_all(session, sweep_id) < count_trials(spec)


def _place_in_line(
    sweep: SweepRow, running: dict[str, tuple[str, int]], by_owner: dict[str, int]
) -> tuple[int, int, int, datetime, str]:
    own = running.get(sweep.id, (sweep.owner, 0))[1]
    return -sweep.priority, by_owner.get(sweep.owner, 0), own, sweep.created_at, sweep.id


def _may_run_more(
    settings: Settings, rival: SweepRow, running: dict[str, tuple[str, int]], by_owner: dict[str, int]
) -> bool:
    """Whether a trial would be given to the rival if its turn came: nobody waits for one who may not."""
    quota = settings.quota_of(rival.owner).running_trials
    has_quota = quota is None or by_owner.get(rival.owner, 0) < quota
    own = running.get(rival.id, (rival.owner, 0))[1]
    most: int = rival.spec_document["resources"]["max_concurrent"]
    return has_quota and own < most


async def _has_trial(session: Session, rival: SweepRow) -> bool:
    """Whether the rival has a trial left, and does not only seem to want one since it asked for its last."""
    planned = await trials.first_planned(session, rival.id)
    return planned is not None or await has_room_for_drawing(session, rival.id, rival.spec)
