"""Deleting a finished sweep: all of it, only when it may be, and again after a crash anywhere."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes.ledger import OWNER, World, completed, step
from fakes.s3 import S3Server
from fakes.tracking import FakeTrackingStore, project_all, project_once, server_of
from sqlalchemy import func, select

from search_spaces.outcomes import Outcome
from service.db import projections, sweeps
from service.db.base import Base
from service.db.sweeps import IdempotencyRow
from service.errors import (
    NotFound,
    NoTracking,
    PreconditionFailed,
    QuotaExceeded,
    StorageAway,
    TrackingAway,
    WrongState,
)
from service.ledger.sweeps import move
from service.lifecycle import SweepState
from service.operations.deletion import Deletion, delete_sweep
from service.operations.steering import extend_sweep, retry_failed
from service.schemas.steering import ExtendRequest, RetryRequest
from service.settings import Quota
from service.tracking.protocol import TrackingUnavailable

OWN_TABLES = ("sweeps", "trials", "attempts", "results", "events", "runners", "projections", "idempotency_keys")


@pytest.fixture
def store() -> FakeTrackingStore:
    """A tracking server in memory."""
    return FakeTrackingStore()


@pytest.fixture
def deletion(world: World, store: FakeTrackingStore) -> Deletion:
    """A deletion that leaves nothing."""
    return Deletion(world.database, world.settings, server_of(store), world.clock, mlflow_runs=True, checkpoints=True)


async def finished_sweep(world: World) -> str:
    """A cancelled sweep with trials, results, events and a checkpoint."""
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t1")
    await runner.report(results=[step("t1", 1)], outcomes=[completed("t1")])
    await world.cancel(sweep_id)
    async with world.database.write() as session:
        sweep = await sweeps.get(session, sweep_id, lock=True)
        await move(session, sweep, SweepState.CANCELLED, world.clock())
        made = f"sweeps/{sweep_id}"
        session.add(
            IdempotencyRow(owner="o", key=sweep_id, body_sha256="0" * 64, resource=made, created_at=world.clock())
        )
    folder = checkpoints_of(world, sweep_id) / "trial-0"
    folder.mkdir(parents=True)
    (folder / "epoch-1.pt").write_text("weights")
    return sweep_id


def checkpoints_of(world: World, sweep_id: str) -> Path:
    return Path(world.settings.effective_storage) / sweep_id


async def rows(world: World) -> dict[str, int]:
    async with world.database.read() as session:
        return {
            name: await session.scalar(select(func.count()).select_from(Base.metadata.tables[name])) or 0
            for name in OWN_TABLES
        }


async def test_nothing_is_left_of_a_deleted_sweep(world: World, store: FakeTrackingStore, deletion: Deletion) -> None:
    kept = await finished_sweep(world)
    kept_rows = await rows(world)
    assert all(kept_rows.values()), kept_rows
    sweep_id = await finished_sweep(world)
    await project_all(world, store)
    await delete_sweep(deletion, sweep_id, None)
    assert await rows(world) == kept_rows
    assert {run.tags["supsweep.sweep_id"] for run in store.runs.values()} == {kept}
    assert not checkpoints_of(world, sweep_id).exists()
    assert checkpoints_of(world, kept).exists()
    with pytest.raises(NotFound):
        await delete_sweep(deletion, sweep_id, None)


async def test_what_a_deleted_sweep_used_counts_for_its_owners_quota(world: World, deletion: Deletion) -> None:
    world.settings = world.settings.model_copy(update={"quotas": {OWNER: Quota(device_hours=0.0005)}})
    await delete_sweep(deletion, await finished_sweep(world), None)
    with pytest.raises(QuotaExceeded):
        await world.create()
    world.clock.turn(31 * 24 * 3600)
    await world.create()


async def test_runs_and_checkpoints_stay_unless_they_are_to_go(
    world: World, store: FakeTrackingStore, deletion: Deletion
) -> None:
    sweep_id = await finished_sweep(world)
    await project_all(world, store)
    store.fails_with = TrackingUnavailable("MLflow is away")
    await delete_sweep(replace(deletion, mlflow_runs=False, checkpoints=False), sweep_id, None)
    assert len(store.runs) == 5
    assert checkpoints_of(world, sweep_id).exists()
    assert not any((await rows(world)).values())


async def test_a_sweep_that_has_not_finished_stays(world: World, deletion: Deletion) -> None:
    sweep_id = await world.create()
    with pytest.raises(WrongState, match="is queued and cannot be deleted; accepted: cancelled or failed or succeeded"):
        await delete_sweep(deletion, sweep_id, None)
    assert (await world.sweep(sweep_id)).state is SweepState.QUEUED


async def test_a_sweep_that_was_changed_since_it_was_seen_stays(world: World, deletion: Deletion) -> None:
    sweep_id = await finished_sweep(world)
    with pytest.raises(PreconditionFailed):
        await delete_sweep(deletion, sweep_id, '"99"')
    assert checkpoints_of(world, sweep_id).exists()
    await delete_sweep(deletion, sweep_id, f'"{(await world.sweep(sweep_id)).version}"')


async def test_nothing_is_half_deleted_while_mlflow_is_away(
    world: World, store: FakeTrackingStore, deletion: Deletion
) -> None:
    sweep_id = await finished_sweep(world)
    await project_all(world, store)
    store.fails_with = TrackingUnavailable("MLflow is away")
    with pytest.raises(TrackingAway, match=f"sweep {sweep_id} is still there, .* MLflow is away"):
        await delete_sweep(deletion, sweep_id, None)
    assert checkpoints_of(world, sweep_id).exists()
    assert len(store.runs) == 5
    store.fails_with = None
    await delete_sweep(deletion, sweep_id, None)
    assert store.runs == {}


async def test_checkpoints_that_cannot_be_deleted_keep_the_sweep(
    world: World, deletion: Deletion, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep_id = await finished_sweep(world)

    def refuse(folder: Path) -> None:
        raise PermissionError(f"{folder} is not ours")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.rmtree", refuse)
        with pytest.raises(StorageAway, match="is not ours"):
            await delete_sweep(deletion, sweep_id, None)
    assert (await world.sweep(sweep_id)).state is SweepState.CANCELLED
    await delete_sweep(deletion, sweep_id, None)


async def test_checkpoints_in_a_bucket_go_once_it_answers(world: World, deletion: Deletion, s3: S3Server) -> None:
    bucket = world.settings.model_copy(update={"storage": s3.url("sweeps")})
    sweep_id = await finished_sweep(world)
    s3.put({f"sweeps/{sweep_id}/000000/epoch-000001.pt": b"weights"})
    s3.stop()
    with pytest.raises(StorageAway, match="could not be deleted"):
        await delete_sweep(replace(deletion, settings=bucket), sweep_id, None)
    assert (await world.sweep(sweep_id)).state is SweepState.CANCELLED
    s3.start()
    await delete_sweep(replace(deletion, settings=bucket), sweep_id, None)
    assert s3.keys() == []
    assert not any((await rows(world)).values())


async def extend(world: World, sweep_id: str) -> None:
    await extend_sweep(world.database, sweep_id, ExtendRequest(configurations=9), None, world.clock())


async def retry(world: World, sweep_id: str) -> None:
    async with world.database.write() as session:
        await retry_failed(session, sweep_id, RetryRequest(outcomes=[Outcome.CANCELLED]), None, world.clock())


Reopen = Callable[[World, str], Coroutine[Any, Any, None]]


@pytest.mark.parametrize("reopen", [extend, retry])
async def test_a_sweep_that_goes_on_before_anything_is_gone_stays(
    world: World, store: FakeTrackingStore, deletion: Deletion, monkeypatch: pytest.MonkeyPatch, reopen: Reopen
) -> None:
    sweep_id = await finished_sweep(world)
    await project_all(world, store)
    loop, read_runs = asyncio.get_running_loop(), store.read_runs

    def read_and_reopen(*words: Any) -> Any:
        asyncio.run_coroutine_threadsafe(reopen(world, sweep_id), loop).result(10)
        return read_runs(*words)

    monkeypatch.setattr(store, "read_runs", read_and_reopen)
    with pytest.raises(WrongState, match="is queued"):
        await delete_sweep(deletion, sweep_id, None)
    assert (await world.sweep(sweep_id)).state is SweepState.QUEUED
    assert len(store.runs) == 5
    assert checkpoints_of(world, sweep_id).exists()


@pytest.mark.parametrize("reopen", [extend, retry])
async def test_a_sweep_of_which_something_is_gone_never_goes_on(
    world: World, store: FakeTrackingStore, deletion: Deletion, monkeypatch: pytest.MonkeyPatch, reopen: Reopen
) -> None:
    sweep_id = await finished_sweep(world)
    await project_all(world, store)
    version = (await world.sweep(sweep_id)).version
    loop, delete_runs = asyncio.get_running_loop(), store.delete_runs
    refused: list[BaseException | None] = []

    def delete_and_reopen(run_ids: list[str]) -> None:
        delete_runs(run_ids)
        refused.append(asyncio.run_coroutine_threadsafe(reopen(world, sweep_id), loop).exception(10))
        raise TrackingUnavailable("MLflow is away")

    with monkeypatch.context() as patch:
        patch.setattr(store, "delete_runs", delete_and_reopen)
        with pytest.raises(TrackingAway):
            await delete_sweep(deletion, sweep_id, f'"{version}"')
    assert isinstance(refused[0], WrongState)
    with pytest.raises(WrongState, match="is being deleted since"):
        await reopen(world, sweep_id)
    assert (await world.sweep(sweep_id)).state is SweepState.CANCELLED
    await delete_sweep(deletion, sweep_id, f'"{version}"')
    assert not any((await rows(world)).values())


@pytest.mark.parametrize("at", ["read_runs", "delete_runs", "checkpoints", "ledger"])
async def test_a_deletion_that_was_cut_off_is_finished_by_the_next(
    world: World, store: FakeTrackingStore, deletion: Deletion, at: str
) -> None:
    class Killed(BaseException):
        pass

    def die(*_words: object, **_names: object) -> None:
        raise Killed

    sweep_id = await finished_sweep(world)
    await project_all(world, store)
    target = {
        "read_runs": (store, "read_runs"),
        "delete_runs": (store, "delete_runs"),
        "checkpoints": ("shutil", "rmtree"),
        "ledger": ("service.db.sweeps", "delete"),
    }[at]
    with pytest.MonkeyPatch.context() as patch:
        if isinstance(target[0], str):
            patch.setattr(f"{target[0]}.{target[1]}", die)
        else:
            patch.setattr(*target, die)
        with pytest.raises(Killed):
            await delete_sweep(deletion, sweep_id, None)
    await delete_sweep(deletion, sweep_id, None)
    assert not any((await rows(world)).values())
    assert store.runs == {}
    assert not checkpoints_of(world, sweep_id).exists()


async def test_the_projector_shows_nothing_while_runs_are_deleted(
    world: World, store: FakeTrackingStore, deletion: Deletion
) -> None:
    sweep_id = await finished_sweep(world)
    async with world.database.write() as session:
        now = world.clock()
        assert await projections.claim(session, sweep_id, "projector", now=now, until=now.replace(year=2030))
    with pytest.raises(WrongState, match="MLflow is being told of sweep"):
        await delete_sweep(deletion, sweep_id, None)
    await delete_sweep(replace(deletion, mlflow_runs=False), sweep_id, None)
    assert not await project_once(world, store)


async def test_a_sweep_that_waits_for_mlflow_can_be_deleted(
    world: World, store: FakeTrackingStore, deletion: Deletion
) -> None:
    sweep_id = await finished_sweep(world)
    store.fails_with = TrackingUnavailable("MLflow is away")
    await project_all(world, store)
    store.fails_with = None
    await delete_sweep(deletion, sweep_id, None)
    assert not await project_once(world, store)


async def test_runs_in_a_server_that_is_not_configured_any_more_keep_the_sweep(
    world: World, store: FakeTrackingStore, deletion: Deletion
) -> None:
    shown, never_shown = await finished_sweep(world), await finished_sweep(world)
    async with world.database.write() as session:
        row = await projections.find(session, never_shown, lock=True)
        assert row is not None
        row.sequence = (await sweeps.get(session, never_shown)).event_count
    await project_all(world, store)
    without = replace(deletion, tracking=None)
    with pytest.raises(NoTracking):
        await delete_sweep(without, shown, None)
    await delete_sweep(without, never_shown, None)
