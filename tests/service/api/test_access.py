"""Who may do what, for every route that the OpenAPI document knows: a route added later is held to it too."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fakes.keys import bearer, headers_of, key_id
from fakes.ledger import World, small_spec

from service.db import keys
from service.db.database import Database
from service.errors import DatabaseFull
from service.main import build_app
from service.schemas.keys import Scope
from service.settings import Settings

DOCUMENT: dict[str, Any] = small_spec().model_dump(mode="json", exclude_defaults=True)
RUNNER_PATHS = "/v1/runners/{runner_id}/"
OPEN_PATHS = ("/healthz", "/readyz", "/metrics")
"""No key is needed to see whether the service lives."""


def operations() -> Iterator[tuple[str, str]]:
    """Method and path of everything that needs an API key."""
    for path, methods in build_app(Settings()).openapi()["paths"].items():
        if path not in OPEN_PATHS and not path.startswith(RUNNER_PATHS):
            yield from ((method.upper(), path) for method in methods)


ALL = list(operations())
LOOKING = ("GET", "HEAD")
HARMLESS = ("/v1/sweeps/preview",)
"""They write nothing, whatever their method."""
CHANGES = [(method, path) for method, path in ALL if method not in LOOKING and path not in HARMLESS]


def filled(path: str) -> str:
    return path.replace("{", "").replace("}", "")


@pytest.mark.parametrize("headers", [{"Authorization": ""}, bearer("sws_00000000_0")], ids=["no key", "wrong key"])
async def test_every_route_asks_for_a_key(api: httpx.AsyncClient, headers: dict[str, str]) -> None:
    for method, path in ALL:
        answer = await api.request(method, filled(path), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), (method, path)


async def test_a_runners_token_opens_no_other_route(api: httpx.AsyncClient, world: World) -> None:
    runner = (await world.open_runner(await world.create())).opened
    for method, path in ALL:
        answer = await api.request(method, filled(path), headers=bearer(runner.token))
        assert answer.status_code == 401, (method, path)


async def test_a_reader_changes_nothing(api: httpx.AsyncClient, world: World) -> None:
    headers = await headers_of(world, "somebody", Scope.READ)
    for method, path in CHANGES:
        answer = await api.request(method, filled(path), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (method, path)
        assert "scope" in answer.json()["detail"]


async def test_a_reader_sees_and_a_writer_changes_their_own_sweep(api: httpx.AsyncClient, world: World) -> None:
    reader, writer = [await headers_of(world, "somebody", scope) for scope in (Scope.READ, Scope.WRITE)]
    place = (await api.post("/v1/sweeps", json=DOCUMENT, headers=writer)).headers["Location"]
    assert (await api.get(place, headers=reader)).json()["owner"] == "somebody"
    assert (await api.post(f"{place}/cancel", headers=reader)).status_code == 403
    assert (await api.post(f"{place}/cancel", headers=writer)).json()["state"] == "cancelling"


async def test_an_admin_sees_and_cancels_the_sweeps_of_others(api: httpx.AsyncClient, stranger: dict[str, str]) -> None:
    place = (await api.post("/v1/sweeps", json=DOCUMENT, headers=stranger)).headers["Location"]
    owners = {
        owner: [sweep["owner"] for sweep in (await api.get("/v1/sweeps", params={"owner": owner})).json()["items"]]
        for owner in ("*", "stranger", "admin")
    }
    assert owners == {"*": ["stranger"], "stranger": ["stranger"], "admin": []}
    assert (await api.get("/v1/sweeps")).json()["items"] == []
    assert (await api.post(f"{place}/cancel")).json()["state"] == "cancelling"


async def test_others_sweeps_are_listed_for_an_admin_alone(api: httpx.AsyncClient, stranger: dict[str, str]) -> None:
    for owner in ("*", "admin"):
        answer = await api.get("/v1/sweeps", params={"owner": owner}, headers=stranger)
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert (await api.get("/v1/sweeps", params={"owner": "stranger"}, headers=stranger)).status_code == 200


async def test_a_dead_key_is_401_with_a_sentence(api: httpx.AsyncClient, world: World) -> None:
    for column, word in (("expires_at", "expired"), ("revoked_at", "revoked")):
        answer = await api.get(
            "/v1/sweeps", headers=await headers_of(world, "a", Scope.READ, **{column: world.clock()})
        )
        assert answer.status_code == 401
        assert word in answer.json()["detail"]


async def test_the_last_use_is_noted_at_most_once_a_minute(api: httpx.AsyncClient, world: World) -> None:
    headers, began = await headers_of(world, "somebody", Scope.READ), world.clock()
    noted = []
    for _ in range(3):
        await api.get("/v1/sweeps", headers=headers)
        async with world.database.read() as session:
            row = await keys.find(session, key_id(headers))
        assert row is not None
        assert row.last_used_at is not None
        noted.append((row.last_used_at - began).total_seconds())
        world.clock.turn(40)
    assert noted == [0, 0, 80]


async def test_a_full_disk_does_not_stand_before_reading(
    api: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = await headers_of(world, "somebody", Scope.READ)

    def full(_database: Database) -> None:
        raise DatabaseFull("full")

    monkeypatch.setattr(Database, "write", full)
    assert (await api.get("/v1/sweeps", headers=headers)).status_code == 200
