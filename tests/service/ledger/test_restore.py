"""A ledger that was restored from a backup: runners know more than it does, and none of that may count."""

from pathlib import Path

import pytest
from fakes.ledger import RunnerDouble, World, completed, step
from sqlalchemy import text

from search_spaces.outcomes import Outcome
from search_spaces.runner_protocol import Finished
from service.db.database import Database
from service.errors import ReportOutOfOrder, Unauthenticated
from service.settings import Settings

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
async def restored(world: World, tmp_path: Path) -> tuple[World, str, RunnerDouble, RunnerDouble]:
    """The world on a backup, its sweep, a runner that was there before the backup, and one that came after it."""
    sweep_id = await world.create()
    early = await world.open_runner(sweep_id)
    await early.take("t1")
    await early.report(results=[step("t1")])
    async with world.database.engine.connect() as connection:
        raw = await connection.get_raw_connection()
        await raw.driver_connection.execute(f"VACUUM INTO '{tmp_path / 'backup.db'}'")  # type: ignore[union-attr]
    await early.report(outcomes=[completed("t1")])
    late = await world.open_runner(sweep_id)
    await late.take("t2")
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'backup.db'}")
    again = World(database, Settings(home=tmp_path), world.clock)
    return again, sweep_id, RunnerDouble(again, early.opened, early.sequence), RunnerDouble(again, late.opened, 1)


async def test_runner_that_the_ledger_does_not_know_is_refused(
    restored: tuple[World, str, RunnerDouble, RunnerDouble],
) -> None:
    _world, _sweep_id, _early, late = restored
    with pytest.raises(Unauthenticated):
        await late.report(outcomes=[completed("t2")])
    with pytest.raises(Unauthenticated):
        await late.ask("t3")


async def test_runner_whose_reports_were_lost_is_refused(
    restored: tuple[World, str, RunnerDouble, RunnerDouble],
) -> None:
    _world, _sweep_id, early, _late = restored
    with pytest.raises(ReportOutOfOrder):
        await early.report(outcomes=[completed("t2")])


async def test_sweep_goes_on_and_every_trial_gets_one_outcome(
    restored: tuple[World, str, RunnerDouble, RunnerDouble],
) -> None:
    world, sweep_id, early, _late = restored
    await world.fence(early, "its job is over")
    successor = await world.open_runner(sweep_id)
    for number in range(4):
        await successor.take(f"s{number}")
        await successor.report(outcomes=[completed(f"s{number}")])
    assert isinstance(await successor.ask("s4"), Finished)
    assert [trial.outcome for trial in await world.trials(sweep_id)] == [Outcome.COMPLETED] * 4
    async with world.database.read() as session:
        assert await session.scalar(text("SELECT count(*) FROM attempts WHERE ending = 'completed'")) == 4


async def test_job_of_a_new_runner_has_not_the_id_of_a_lost_one(
    restored: tuple[World, str, RunnerDouble, RunnerDouble],
) -> None:
    world, sweep_id, _early, late = restored
    successor = await world.open_runner(sweep_id)
    assert successor.opened.runner_id == late.opened.runner_id
    assert successor.opened.submission_id != late.opened.submission_id
