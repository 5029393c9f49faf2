"""What a person does with trials: list them, look at one."""

from service.db import trials
from service.db.database import Session
from service.db.sweeps import SweepRow
from service.db.trials import TrialRow
from service.errors import NotFound
from service.operations.cursors import decode_number_cursor, encode_cursor
from service.schemas.trials import TrialPage, TrialView


async def list_trials(session: Session, sweep: SweepRow, *, limit: int, cursor: str | None) -> TrialPage:
    """A page of the sweep's trials, by number."""
    after = -1 if cursor is None else decode_number_cursor(cursor)
    rows = await trials.page(session, sweep.id, limit=limit + 1, after=after)
    next_cursor = encode_cursor(str(rows[limit - 1].number)) if len(rows) > limit else None
    return TrialPage(items=[view_trial(row) for row in rows[:limit]], next_cursor=next_cursor)


async def get_trial(session: Session, sweep: SweepRow, number: int) -> TrialView:
    """The trial of that number. Raises NotFound."""
    row = await trials.find(session, sweep.id, number)
    if row is None:
        raise NotFound(f"sweep {sweep.id} has no trial {number}")
    return view_trial(row)


def view_trial(row: TrialRow) -> TrialView:
    """The trial as the API shows it."""
    return TrialView.model_validate(row, from_attributes=True)
