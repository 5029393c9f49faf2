"""/metrics: the ledger's totals as a scraper sees them, and who may see them."""

import httpx
import pytest
from fakes.ledger import World, completed, step
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from search_spaces.outcomes import Outcome
from service.db import clusters
from service.operations.totals import LedgerTotals


async def scraped(api: httpx.AsyncClient) -> dict[tuple[str, ...], float]:
    """(name, label values…) → value, read anew."""
    api._transport.app.state.parts.totals = LedgerTotals()  # type: ignore[attr-defined]
    answer = await api.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.text)
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


async def test_totals_are_those_of_the_ledger(api: httpx.AsyncClient, world: World) -> None:
    sweep_id = await world.create()
    runner, dead = await world.open_runner(sweep_id), await world.open_runner(sweep_id)
    await runner.take("t1")
    await runner.report(results=[step("t1")], outcomes=[completed("t1", seconds=3)])
    await runner.take("t2")
    await runner.report(results=[step("t2", attempt_device_seconds=2.0)])
    await world.fence(dead)
    values = await scraped(api)
    assert values["supsweep_sweeps", "queued"] == 1
    assert values["supsweep_sweeps", "failed"] == 0
    assert values["supsweep_trials_ended", "completed"] == 1
    assert values["supsweep_trials_running", "local"] == 1
    assert values["supsweep_trials_planned",] == 2
    assert values["supsweep_device_seconds",] == 5
    assert values["supsweep_runners", "local", "live"] == 1
    assert values["supsweep_runners", "local", "fenced"] == 1
    assert values["supsweep_mlflow_events_behind",] == (await world.sweep(sweep_id)).event_count
    assert values["supsweep_webhook_outbox",] == 0
    assert values["supsweep_database_connections", "in_use"] >= 0


async def test_what_is_not_there_is_zero_so_that_the_first_can_be_seen_to_come(
    api: httpx.AsyncClient, world: World
) -> None:
    await world.open_runner(await world.create())
    values = await scraped(api)
    assert {values["supsweep_trials_ended", outcome] for outcome in Outcome} == {0}
    assert values["supsweep_trials_running", "local"] == 0
    assert values["supsweep_runners", "local", "fenced"] == 0


async def test_empty_ledger_can_be_scraped(api: httpx.AsyncClient) -> None:
    assert (await scraped(api))["supsweep_device_seconds",] == 0


async def test_impatient_scraper_costs_the_database_nothing(api: httpx.AsyncClient, world: World) -> None:
    before = await scraped(api)
    await world.create()
    text = (await api.get("/metrics")).text
    assert 'supsweep_sweeps{state="queued"} 0.0' in text
    assert before["supsweep_sweeps", "queued"] == 0
    assert (await scraped(api))["supsweep_sweeps", "queued"] == 1


async def test_strangers_on_other_machines_see_nothing(api: httpx.AsyncClient) -> None:
    transport = httpx.ASGITransport(app=api._transport.app, client=("10.0.0.9", 1))  # type: ignore[attr-defined]
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as elsewhere:
        answer = await elsewhere.get("/metrics")
    assert answer.status_code == 401
    assert "SUPSWEEP_METRICS_TOKEN" in answer.json()["detail"]


@pytest.mark.parametrize(("sent", "status"), [("Bearer right", 200), ("Bearer wrong", 401), ("", 401)])
async def test_token_opens_them_to_everybody_who_has_it(api: httpx.AsyncClient, sent: str, status: int) -> None:
    parts = api._transport.app.state.parts  # type: ignore[attr-defined]
    parts.settings = parts.settings.model_copy(update={"metrics_token": SecretStr("right")})
    assert (await api.get("/metrics", headers={"Authorization": sent})).status_code == status


async def test_nobody_misses_a_cluster_that_is_being_taken_away(api: httpx.AsyncClient, world: World) -> None:
    await api.post("/v1/clusters", json={"name": "east", "address": "http://127.0.0.1:1"})
    async with world.database.write() as session:
        east = await clusters.find(session, "east")
        assert east is not None
        east.is_healthy = False
    assert (await scraped(api))["supsweep_cluster_healthy", "east"] == 0
    assert (await api.patch("/v1/clusters/east", json={"is_draining": True})).is_success
    assert ("supsweep_cluster_healthy", "east") not in await scraped(api)
