"""What a person does with several sweeps: puts their reports side by side."""

from service.db.database import Session
from service.errors import BadComparison
from service.operations.reports import get_report_json
from service.operations.sweeps import find_owned
from service.robustness.report import RobustnessReport
from service.robustness.side_by_side import SideBySide, put_side_by_side

MOST_SWEEPS = 10


async def compare_sweeps(session: Session, sweeps: str, owner: str | None) -> SideBySide:
    """The reports of the sweeps, whose ids are separated by commas; `owner` is none for whoever sees everybody's.

    Raises BadComparison, NotFound, and ReportNotReady that names the sweep.
    """
    reports = []
    for sweep_id in _ids(sweeps):
        sweep = await find_owned(session, sweep_id, owner)
        reports.append(RobustnessReport.model_validate_json(await get_report_json(session, sweep)))
    return put_side_by_side(reports)


def _ids(sweeps: str) -> list[str]:
    ids = [part.strip() for part in sweeps.split(",") if part.strip()]
    accepted = f"two to {MOST_SWEEPS} different ids, separated by commas"
    if len(ids) < 2 or len(ids) > MOST_SWEEPS:
        raise BadComparison(f"sweeps names {len(ids)} of them; accepted: {accepted}")
    if twice := next((one for one in ids if ids.count(one) > 1), None):
        raise BadComparison(f"sweeps names {twice!r} twice; accepted: {accepted}")
    return ids
