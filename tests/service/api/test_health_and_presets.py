"""What anybody may ask, and the ready specs."""

import httpx
from fakes.ledger import World

from service.db.database import Database


async def test_health_needs_no_key(api: httpx.AsyncClient) -> None:
    assert (await api.get("/healthz", headers={"Authorization": ""})).json()["status"] == "ok"


async def test_readiness_names_the_broken_part(api: httpx.AsyncClient, world: World) -> None:
    parts = api._transport.app.state.parts  # type: ignore[attr-defined]
    parts.database = Database("sqlite+aiosqlite:////no/such/folder/ledger.db")
    answer = await api.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    broken = [part for part in answer.json()["parts"] if part["state"] == "broken"]
    assert [part["name"] for part in broken] == ["database"]
    assert "does not answer" in broken[0]["detail"]


async def test_every_preset_can_be_submitted_as_it_is(api: httpx.AsyncClient) -> None:
    presets = (await api.get("/v1/presets")).json()
    assert {preset["name"] for preset in presets} >= {"digits_smoke", "digits_demo"}
    for preset in presets:
        assert (await api.post("/v1/sweeps", json=preset["spec"])).status_code == 201


async def test_unknown_preset_is_404_and_names_the_known_ones(api: httpx.AsyncClient) -> None:
    answer = await api.get("/v1/presets/nothing")
    assert answer.status_code == 404
    assert "digits_demo" in answer.json()["detail"]
