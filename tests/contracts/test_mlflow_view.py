"""A real MLflow server shows what the ledger says, is audited, and is shown anew when it has lost everything."""

from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from fakes.ledger import World, completed, lost, small_spec, step
from fakes.tracking import project_all, server_of

from service.db import projections, sweeps, trials
from service.db.database import Database
from service.ledger.sweeps import move
from service.lifecycle import SweepState
from service.operations.audit import audit_sweep
from service.operations.mlflow_views import ask_for_new_view
from service.operations.testimony import Auditor
from service.settings import Settings
from service.tracking.mlflow_store import MlflowStore
from service.tracking.projector import RETRY_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]


@dataclass
class View:
    """A finished sweep and the server that shows it."""

    world: World
    store: MlflowStore
    sweep_id: str

    async def project(self) -> None:
        for _ in range(3):
            await project_all(self.world, self.store)
            self.world.clock.turn(4 * RETRY_SECONDS)

    async def disagreements(self) -> list[tuple[str, str]]:
        world = self.world
        auditor = Auditor(world.database, world.settings, world.clusters, server_of(self.store), world.clock)
        found = await audit_sweep(auditor, self.sweep_id)
        assert found.not_compared == []
        return [(one.kind, one.detail) for one in found.disagreements]

    async def run_ids(self) -> set[str | None]:
        async with self.world.database.read() as session:
            cursor = await projections.find(session, self.sweep_id)
            rows = await trials.page(session, self.sweep_id)
        assert cursor is not None
        return {cursor.run_id, *(row.mlflow_run_id for row in rows)}


@pytest.fixture
async def view(database: Database, tmp_path: Path, mlflow_uri: str) -> View:
    """A sweep with a loss and several endings, cancelled."""
    world = World(database, Settings(home=tmp_path))
    sweep_id = await world.create(small_spec(experiment=uuid4().hex))
    runner = await world.open_runner(sweep_id)
    await runner.take("t0")
    await runner.report(results=[step("t0", 1)], lost=[lost("t0")])
    await runner.take("t0b")
    await runner.report(results=[step("t0b", 2), step("t0b", 3)], outcomes=[completed("t0b", score=0.75)])
    await runner.take("t1")
    await runner.report(results=[step("t1", 1)])
    await world.cancel(sweep_id)
    async with database.write() as session:
        sweep = await sweeps.get(session, sweep_id, lock=True)
        await move(session, sweep, SweepState.CANCELLED, world.clock())
    return View(world, MlflowStore(mlflow_uri), sweep_id)


async def test_all_agree_once_everything_is_shown(view: View) -> None:
    await view.project()
    assert await view.disagreements() == []


async def test_what_a_person_deleted_there_is_found_and_made_anew(view: View) -> None:
    await view.project()
    ids = await view.run_ids()
    view.store.delete_runs([sorted(filter(None, ids))[0]])
    assert await view.disagreements()
    async with view.world.database.write() as session:
        await ask_for_new_view(session, view.sweep_id)
    await view.project()
    assert await view.disagreements() == []
    assert not ids & await view.run_ids()


async def test_a_server_that_has_lost_everything_is_told_again(view: View) -> None:
    await view.project()
    async with view.world.database.write() as session:
        cursor = await projections.find(session, view.sweep_id, lock=True)
        assert cursor is not None
        # Ids that nobody there has given.
        cursor.run_id, cursor.experiment_id, cursor.sequence = uuid4().hex, "987654", cursor.sequence - 1
        for row in await trials.page(session, view.sweep_id):
            row.mlflow_run_id = uuid4().hex
    await view.project()
    assert await view.disagreements() == []
