"""Audit, repair, a new view in MLflow, and deletion, over HTTP."""

import httpx
import pytest
from fakes.keys import headers_of
from fakes.ledger import World
from fakes.tracking import FakeTrackingStore, project_all

from service.db import sweeps
from service.ledger.sweeps import move
from service.lifecycle import SweepState
from service.schemas.keys import Scope
from service.tracking.protocol import TrackingUnavailable


async def cancelled_sweep(world: World) -> str:
    sweep_id = await world.create()
    await world.cancel(sweep_id)
    async with world.database.write() as session:
        sweep = await sweeps.get(session, sweep_id, lock=True)
        await move(session, sweep, SweepState.CANCELLED, world.clock())
    return sweep_id


async def test_an_audit_tells_what_it_finds_and_a_repair_what_it_did(
    world: World, api: httpx.AsyncClient, store: FakeTrackingStore
) -> None:
    sweep_id = await cancelled_sweep(world)
    await project_all(world, store)
    audit = (await api.get(f"/v1/sweeps/{sweep_id}/audit")).json()
    assert (audit["sweep_id"], audit["disagreements"], audit["not_compared"]) == (sweep_id, [], [])
    store.sweep_run(sweep_id).status = "RUNNING"
    (found,) = (await api.get(f"/v1/sweeps/{sweep_id}/audit")).json()["disagreements"]
    assert found == {
        "part": "mlflow",
        "kind": "status_differs",
        "subject": f"sweep {sweep_id}",
        "detail": "its run is RUNNING and should be KILLED",
        "is_repairable": True,
    }
    repaired = await api.post(f"/v1/sweeps/{sweep_id}/audit")
    assert (repaired.status_code, len(repaired.json()["done"]), repaired.json()["left"]) == (200, 1, [])
    await project_all(world, store)
    assert (await api.get(f"/v1/sweeps/{sweep_id}/audit")).json()["disagreements"] == []


async def test_a_new_view_is_asked_for_and_counts_down(
    world: World, api: httpx.AsyncClient, store: FakeTrackingStore
) -> None:
    sweep_id = await cancelled_sweep(world)
    await project_all(world, store)
    runs = set(store.runs)
    for _ in range(2):
        answer = await api.post(f"/v1/sweeps/{sweep_id}/mlflow/rebuild")
        assert answer.status_code == 202
        assert answer.json()["mlflow_events_behind"] == (await world.sweep(sweep_id)).event_count
    await project_all(world, store)
    assert not runs & set(store.runs)
    assert (await api.get(f"/v1/sweeps/{sweep_id}")).json()["mlflow_events_behind"] == 0


async def test_what_keeps_mlflow_behind_is_told(world: World, api: httpx.AsyncClient, store: FakeTrackingStore) -> None:
    sweep_id = await cancelled_sweep(world)
    store.fails_with = TrackingUnavailable("MLflow is away")
    await project_all(world, store)
    sweep = (await api.get(f"/v1/sweeps/{sweep_id}")).json()
    assert sweep["mlflow_problem"] == "MLflow is away"
    assert sweep["mlflow_events_behind"] > 0


async def test_a_new_view_without_mlflow_is_refused(world: World, api: httpx.AsyncClient) -> None:
    transport = api._transport
    assert isinstance(transport, httpx.ASGITransport)
    transport.app.state.parts.tracking = None  # type: ignore[attr-defined]
    answer = await api.post(f"/v1/sweeps/{await cancelled_sweep(world)}/mlflow/rebuild")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_tracking")


async def test_a_finished_sweep_is_deleted_with_its_runs(
    world: World, api: httpx.AsyncClient, store: FakeTrackingStore
) -> None:
    sweep_id = await cancelled_sweep(world)
    await project_all(world, store)
    version = (await api.get(f"/v1/sweeps/{sweep_id}")).headers["ETag"]
    stale = await api.delete(f"/v1/sweeps/{sweep_id}", headers={"If-Match": '"99"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition_failed")
    gone = await api.delete(f"/v1/sweeps/{sweep_id}?mlflow_runs=true", headers={"If-Match": version})
    assert (gone.status_code, gone.content) == (204, b"")
    assert store.runs == {}
    again = await api.delete(f"/v1/sweeps/{sweep_id}")
    assert (again.status_code, again.json()["code"]) == (404, "not_found")


async def test_deleting_a_sweep_that_runs_or_whose_mlflow_is_away_is_refused(
    world: World, api: httpx.AsyncClient, store: FakeTrackingStore
) -> None:
    running = await api.delete(f"/v1/sweeps/{await world.create()}")
    assert (running.status_code, running.json()["code"]) == (409, "wrong_state")
    sweep_id = await cancelled_sweep(world)
    store.fails_with = TrackingUnavailable("MLflow is away")
    away = await api.delete(f"/v1/sweeps/{sweep_id}?mlflow_runs=true")
    assert (away.status_code, away.json()["code"]) == (503, "tracking_away")
    assert (await api.get(f"/v1/sweeps/{sweep_id}")).status_code == 200


async def test_an_idempotency_key_makes_anew_what_was_deleted(world: World, api: httpx.AsyncClient) -> None:
    spec = (await world.sweep(await world.create())).spec.model_dump(mode="json")
    headers = {"Idempotency-Key": "once"}
    first = (await api.post("/v1/sweeps", json=spec, headers=headers)).json()["id"]
    await world.cancel(first)
    async with world.database.write() as session:
        sweep = await sweeps.get(session, first, lock=True)
        await move(session, sweep, SweepState.CANCELLED, world.clock())
    assert (await api.delete(f"/v1/sweeps/{first}")).status_code == 204
    second = await api.post("/v1/sweeps", json=spec, headers=headers)
    assert second.status_code == 201
    assert second.json()["id"] != first


@pytest.mark.parametrize(
    ("method", "path", "needs_write"),
    [("GET", "audit", False), ("POST", "audit", True), ("POST", "mlflow/rebuild", True), ("DELETE", "", True)],
)
async def test_others_sweeps_are_not_found_and_readers_change_nothing(
    world: World, api: httpx.AsyncClient, stranger: dict[str, str], method: str, path: str, needs_write: bool
) -> None:
    url = f"/v1/sweeps/{await cancelled_sweep(world)}/{path}".rstrip("/")
    assert (await api.request(method, url, headers=stranger)).status_code == 404
    reader = await headers_of(world, "root-reader", Scope.READ)
    expected = 403 if needs_write else 404
    assert (await api.request(method, url, headers=reader)).status_code == expected
