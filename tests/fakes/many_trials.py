"""A sweep with thousands of ended trials, written straight into the tables: running them would take too long."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, text

from search_spaces.outcomes import Outcome
from search_spaces.sweep_spec import SweepSpec
from service.auth.first_key import FIRST_OWNER
from service.db.database import Database
from service.db.sweeps import SweepRow
from service.db.trials import TrialRow
from service.ledger import sweeps as ledger_sweeps
from service.lifecycle import TrialState

START = datetime(2026, 1, 1, tzinfo=UTC)


async def write_ended_trials(
    database: Database, spec: SweepSpec, sweep_id: str, trials: int, *, owner: str = FIRST_OWNER
) -> SweepRow:
    """A sweep of that id with so many trials of its arms in turn; every 100th failed, the others were completed."""
    async with database.write() as session:
        sweep = await ledger_sweeps.create(session, sweep_id, spec, [], owner=owner, now=START)
        await session.execute(insert(TrialRow), [_values(spec, sweep_id, number) for number in range(trials)])
    async with database.write() as session:
        await session.execute(text("ANALYZE trials"))
    return sweep


def _values(spec: SweepSpec, sweep_id: str, number: int) -> dict[str, object]:
    arm = spec.arms[number % len(spec.arms)]
    failed = number % 100 == 99
    score = None if failed else 0.5 + (number * 7919 % 1000) / 2500
    return {
        "sweep_id": sweep_id,
        "number": number,
        "arm": arm.name,
        "point": number // len(spec.arms),
        "replicate": 0,
        "config_document": spec.base_config(arm).model_dump(mode="json"),
        "state": TrialState.ENDED,
        "outcome": Outcome.FAILED if failed else Outcome.COMPLETED,
        "reason": "=cmd|'/c calc'!A1" if failed else None,
        "score": score,
        "scores": {} if failed else {"val_top1": score, "test_top1": 0.9 * (score or 0)},
        "facts": {},
        "attempts": 1,
        "losses": 0,
        "image_passes": 2444,
        "device_seconds": 1.0 + number % 10 / 10,
        "started_at": START,
        "ended_at": START + timedelta(seconds=number),
    }
