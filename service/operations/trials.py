"""What a person does with trials: list them, look at one."""

from service.db import trials
from service.db.database import Session
from service.db.sweeps import SweepRow
from service.db.trials import AttemptRow, TrialFilter, TrialRow
from service.errors import BadFilter, NotFound
from service.operations.cursors import decode_number_cursor, encode_cursor
from service.schemas.trials import AttemptView, TrialDetail, TrialPage, TrialView


async def list_trials(
    session: Session, sweep: SweepRow, *, limit: int, cursor: str | None, matching: TrialFilter
) -> TrialPage:
    """A page of the sweep's trials that match, by number. Raises BadFilter for an arm that the sweep has not."""
    arms = [arm.name for arm in sweep.spec.arms]
    if matching.arm is not None and matching.arm not in arms:
        raise BadFilter(f"arm cannot be {matching.arm!r}; accepted: {', '.join(arms)}")
    after = -1 if cursor is None else decode_number_cursor(cursor)
    rows = await trials.page(session, sweep.id, limit=limit + 1, after=after, matching=matching)
    next_cursor = encode_cursor(str(rows[limit - 1].number)) if len(rows) > limit else None
    return TrialPage(items=[view_trial(row) for row in rows[:limit]], next_cursor=next_cursor)


async def find_trial(session: Session, sweep: SweepRow, number: int) -> TrialRow:
    """The trial of that number. Raises NotFound."""
    row = await trials.find(session, sweep.id, number)
    if row is None:
        raise NotFound(f"sweep {sweep.id} has no trial {number}")
    return row


async def get_trial(session: Session, sweep: SweepRow, number: int) -> TrialDetail:
    """The trial of that number with its attempts. Raises NotFound."""
    row = await find_trial(session, sweep, number)
    attempts = await trials.attempts_with_clusters(session, row.id)
    history = [_view_attempt(attempt, cluster) for attempt, cluster in attempts]
    return TrialDetail(**view_trial(row).model_dump(), history=history)


def view_trial(row: TrialRow) -> TrialView:
    """The trial as the API shows it."""
    return TrialView.model_validate(row, from_attributes=True)


def _view_attempt(row: AttemptRow, cluster: str) -> AttemptView:
    return AttemptView(
        number=row.number,
        runner=row.runner_id,
        cluster=cluster,
        started_at=row.started_at,
        ended_at=row.ended_at,
        ending=row.ending,
        devices=row.devices,
        device_seconds=row.device_seconds,
    )
