"""Liveness is trivial; readiness names every part, and tells what is broken from what is only late."""

import asyncio
import re

import httpx
import pytest
from fakes.ledger import World, small_spec
from fakes.registered import register
from sqlalchemy import event, text

from service.api.dependencies import Parts
from service.db import database as database_of
from service.db.database import Database
from service.db.migrations import upgrade
from service.loops import Loop


@pytest.fixture
def parts(api: httpx.AsyncClient) -> Parts:
    wired: Parts = api._transport.app.state.parts  # type: ignore[attr-defined]
    return wired


async def health(api: httpx.AsyncClient) -> tuple[int, str, dict[str, str]]:
    """The status of the answer and of the service, and what is said of the parts that are not ok."""
    answer = await api.get("/readyz", headers={"Authorization": ""})
    document = answer.json()
    wrong = {part["name"]: part["detail"] for part in document["parts"] if part["state"] != "ok"}
    return answer.status_code, document["status"], wrong


async def test_liveness_needs_no_key(api: httpx.AsyncClient) -> None:
    assert (await api.get("/healthz", headers={"Authorization": ""})).json()["status"] == "ok"


async def test_ready_service_names_its_parts(api: httpx.AsyncClient) -> None:
    assert await health(api) == (200, "ok", {})
    names = [part["name"] for part in (await api.get("/readyz")).json()["parts"]]
    assert names[:2] == ["database", "schema"]


async def test_absent_database_is_broken(api: httpx.AsyncClient, parts: Parts) -> None:
    parts.database = Database("sqlite+aiosqlite:////no/such/folder/ledger.db")
    status, word, wrong = await health(api)
    assert (status, word, list(wrong)) == (503, "unavailable", ["database"])
    assert "does not answer" in wrong["database"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_database_without_room_is_broken_until_it_has_some(
    api: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = world.database.engine.sync_engine
    most_pages = [0]
    event.listen(engine, "begin", lambda one: one.exec_driver_sql(f"PRAGMA max_page_count = {most_pages[0]}"))
    most_pages[0] = 1
    document = small_spec(design={"configurations": 500}).model_dump(mode="json", exclude_defaults=True)
    assert (await api.post("/v1/sweeps", json=document)).status_code == 507
    status, word, wrong = await health(api)
    assert (status, word, list(wrong)) == (503, "unavailable", ["database"])
    assert "free some space" in wrong["database"]
    most_pages[0] = 2**30
    assert (await api.post("/v1/sweeps", json=document)).status_code == 201
    assert (await health(api))[0] == 503, "what is small may have found room between what is large"
    monkeypatch.setattr(database_of, "FULL_SECONDS", 0.0)
    assert await health(api) == (200, "ok", {})


@pytest.mark.parametrize(
    ("revision", "answer", "sentence"),
    [
        ("2026_11_23_ledger", (503, "unavailable"), "this release needs"),
        ("2099_01_01", (200, "degraded"), "a newer release made"),
    ],
)
async def test_older_schema_is_broken_and_a_newer_one_is_served_on(
    api: httpx.AsyncClient, parts: Parts, database_url: str, revision: str, answer: tuple[int, str], sentence: str
) -> None:
    parts.database = Database(database_url)
    await upgrade(parts.database)
    async with parts.database.write() as session:
        await session.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    status, word, wrong = await health(api)
    await parts.database.close()
    assert (status, word, list(wrong)) == (*answer, ["schema"])
    assert revision in wrong["schema"]
    assert sentence in wrong["schema"]


async def test_loop_that_has_ended_or_is_stuck_is_broken(api: httpx.AsyncClient, parts: Parts) -> None:
    async def ends(_loop: Loop) -> None:
        return

    async def sticks(loop: Loop) -> None:
        loop._turned_at -= 301
        await asyncio.sleep(3600)

    parts.loops.start("sender", ends)
    parts.loops.start("projector", sticks)
    await asyncio.sleep(0.01)
    status, word, wrong = await health(api)
    assert (status, word) == (503, "unavailable")
    assert wrong.keys() == {"sender", "projector"}
    assert wrong["sender"] == "the sender has ended"
    assert re.fullmatch(r"the projector is stuck: it has not turned for 3\d\d s", wrong["projector"])
    await parts.loops.stop(within_seconds=0.01)


async def test_nobody_misses_a_cluster_that_is_drained(api: httpx.AsyncClient, world: World) -> None:
    await register(world, "far", is_healthy=False, problem="connection refused", is_draining=True)
    assert await health(api) == (200, "ok", {})


async def test_mlflow_and_clusters_that_are_away_make_it_late_not_unready(
    api: httpx.AsyncClient, parts: Parts, world: World
) -> None:
    async def waits(loop: Loop) -> None:
        loop.waits_for("MLflow does not answer")
        await asyncio.sleep(3600)

    parts.loops.start("projector", waits)
    await register(world, "far", is_healthy=False, problem="connection refused")
    assert await health(api) == (
        200,
        "degraded",
        {"cluster far": "connection refused", "projector": "MLflow does not answer"},
    )
    await parts.loops.stop(within_seconds=0.01)
