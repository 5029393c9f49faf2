"""Every code of a problem is produced by some request here; a new error without a case fails the suite."""

import asyncio
import importlib
import pkgutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import httpx
import pytest
from cryptography.fernet import Fernet
from fakes.keys import headers_of
from fakes.ledger import World, small_spec
from fakes.registered import register
from fakes.services import Services, parts_of
from fakes.tracking import FakeTrackingStore, server_of
from sqlalchemy import event, text

import service
from service.api.guards import bodies
from service.db.database import Database
from service.db.projections import ProjectionRow
from service.errors import DatabaseTooNew, SweepServiceError
from service.operations import steering
from service.operations.webhooks import MOST_WEBHOOKS
from service.schemas.keys import Scope
from service.search import samplers
from service.tracking.protocol import TrackingUnavailable
from service.webhooks.addresses import _free_lookups, resolve_by_system

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

DOCUMENT: dict[str, Any] = small_spec().model_dump(mode="json", exclude_defaults=True)
KEY = {"Idempotency-Key": "one"}
NEVER_ANSWERED = {
    DatabaseTooNew: "a service with such a database does not start, and /readyz says so in its own words",
    SweepServiceError: "only the base of the others",
}


@pytest.fixture
async def services(world: World) -> AsyncIterator[Services]:
    async with AsyncExitStack() as clients:
        yield Services(world, clients, await headers_of(world, "admin", Scope.ADMIN))


Case = Callable[[Services], Awaitable[httpx.Response]]
CASES: dict[str, tuple[int, str, Case]] = {}
"""Code → status, a part of the sentence, what to ask for."""


def case(code: str, status: int, sentence: str) -> Callable[[Case], Case]:
    """Registers how a code comes about."""

    def register_case(ask: Case) -> Case:
        assert code not in CASES
        CASES[code] = (status, sentence, ask)
        return ask

    return register_case


def all_errors() -> set[type[SweepServiceError]]:
    """Every error of the service, wherever it is defined."""
    for module in pkgutil.walk_packages(service.__path__, "service."):
        if not module.name.startswith("service.db.migrations."):
            importlib.import_module(module.name)
    return set(_with_descendants(SweepServiceError))


def _with_descendants(error: type[SweepServiceError]) -> Iterator[type[SweepServiceError]]:
    yield error
    for heir in error.__subclasses__():
        yield from _with_descendants(heir)


def test_every_code_has_a_case(database: Database) -> None:
    answered = {error.code for error in all_errors() - NEVER_ANSWERED.keys()}
    assert answered | {"method_not_allowed", "internal_error"} == CASES.keys()


@case("not_found", 404, "no sweep 'nothing'")
async def _(services: Services) -> httpx.Response:
    return await services.api.get("/v1/sweeps/nothing")


@case("unknown_cluster", 404, "'moon'")
async def _(services: Services) -> httpx.Response:
    return await services.api.post("/v1/sweeps", json=DOCUMENT | {"clusters": ["moon"]})


@case("needs_cluster", 409, "on 2 workers (resources.workers)")
async def _(services: Services) -> httpx.Response:
    sweep_id = await services.world.create(small_spec(resources={"workers": 2}))
    return await services.api.post(f"/v1/sweeps/{sweep_id}/workers", json={"name": "mine"})


@case("unauthenticated", 401, "Authorization: Bearer")
async def _(services: Services) -> httpx.Response:
    return await services.api.get("/v1/sweeps", headers={"Authorization": ""})


@case("forbidden", 403, "needs a key with the scope write")
async def _(services: Services) -> httpx.Response:
    reader = await headers_of(services.world, "reader", Scope.READ)
    return await services.api.post("/v1/sweeps", json=DOCUMENT, headers=reader)


@case("invalid_request", 422, "resources.max_concurrent cannot be 0; accepted: ")
async def _(services: Services) -> httpx.Response:
    return await services.api.post("/v1/sweeps", json=DOCUMENT | {"resources": {"max_concurrent": 0}})


@case("bad_cursor", 422, "cursor cannot be 'x'; accepted: the next_cursor of an earlier page")
async def _(services: Services) -> httpx.Response:
    return await services.api.get("/v1/sweeps", params={"cursor": "x"})


@case("bad_filter", 422, "label cannot be 'team'; accepted: ")
async def _(services: Services) -> httpx.Response:
    return await services.api.get("/v1/sweeps", params={"label": "team"})


@case("bad_comparison", 422, "accepted: ")
async def _(services: Services) -> httpx.Response:
    return await services.api.get("/v1/compare", params={"sweeps": await services.world.create()})


@case("wrong_state", 409, "is cancelling and cannot be deleted; accepted: cancelled or failed or succeeded")
async def _(services: Services) -> httpx.Response:
    sweep_id = await services.world.create()
    await services.world.cancel(sweep_id)
    return await services.api.delete(f"/v1/sweeps/{sweep_id}")


@case("quota_exceeded", 429, "the quota is 0")
async def _(services: Services) -> httpx.Response:
    return await services.with_settings(quotas={"admin": {"device_hours": 0}}).post("/v1/sweeps", json=DOCUMENT)


@case("precondition_failed", 412, 'the version is "1" now')
async def _(services: Services) -> httpx.Response:
    place = f"/v1/sweeps/{await services.world.create()}"
    return await services.api.patch(place, json={"priority": 1}, headers={"If-Match": '"9"'})


@case("too_many_webhooks", 409, str(MOST_WEBHOOKS))
async def _(services: Services) -> httpx.Response:
    for number in range(MOST_WEBHOOKS):
        await services.api.post("/v1/webhooks", json={"url": f"https://hook.example/{number}"})
    return await services.api.post("/v1/webhooks", json={"url": "https://hook.example/more"})


@case("lookups_busy", 503, "names are being looked up")
async def _(services: Services) -> httpx.Response:
    client = services.api
    addresses = replace(parts_of(client).postman.addresses, resolve=resolve_by_system)
    parts_of(client).postman = replace(parts_of(client).postman, addresses=addresses)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_free_lookups, "acquire", lambda blocking: False)
        return await client.post("/v1/webhooks", json={"url": "https://hook.example"})


@case("last_admin_key", 409, "is the last one with the scope admin")
async def _(services: Services) -> httpx.Response:
    (key,) = (await services.api.get("/v1/keys")).json()["items"]
    return await services.api.delete(f"/v1/keys/{key['id']}")


@case("report_not_ready", 409, "is queued; its report comes when every trial has ended")
async def _(services: Services) -> httpx.Response:
    return await services.api.get(f"/v1/sweeps/{await services.world.create()}/report")


@case("runner_fenced", 409, "fenced")
async def _(services: Services) -> httpx.Response:
    runner = await services.world.open_runner(await services.world.create())
    await services.world.fence(runner)
    return await _report(services, runner.opened.runner_id, runner.opened.token, 1)


@case("report_out_of_order", 409, "sequence 5 came before 1; accepted: 1")
async def _(services: Services) -> httpx.Response:
    opened = (await services.world.open_runner(await services.world.create())).opened
    return await _report(services, opened.runner_id, opened.token, 5)


async def _report(services: Services, runner_id: str, token: str, sequence: int) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return await services.api.post(f"/v1/runners/{runner_id}/report", json={"sequence": sequence}, headers=headers)


@case("cluster_exists", 409, "there is a cluster 'east' already")
async def _(services: Services) -> httpx.Response:
    await register(services.world, "east")
    return await services.api.post("/v1/clusters", json={"name": "east", "address": "https://ray.example"})


@case("cluster_in_use", 409, "1 unfinished sweep has a runner on cluster 'local'")
async def _(services: Services) -> httpx.Response:
    await register(services.world, "local")
    await services.world.open_runner(await services.world.create())
    return await services.api.delete("/v1/clusters/local")


@case("cluster_from_settings", 409, "SUPSWEEP_CLUSTERS")
async def _(services: Services) -> httpx.Response:
    await register(services.world, "set", is_from_settings=True)
    return await services.api.delete("/v1/clusters/set")


@case("idempotency_key_reused", 422, "Idempotency-Key 'one' came with another body before")
async def _(services: Services) -> httpx.Response:
    await services.api.post("/v1/keys", json={"name": "one"}, headers=KEY)
    return await services.api.post("/v1/keys", json={"name": "other"}, headers=KEY)


@case("made_meanwhile", 409, "was changed at the same moment")
async def _(services: Services) -> httpx.Response:
    """Another request changes the sweep while this one plans what its design lacks."""
    place, loop = f"/v1/sweeps/{await services.world.create()}", asyncio.get_running_loop()
    plan_missing = steering._missing

    def be_overtaken(*arguments: Any) -> Any:
        asyncio.run_coroutine_threadsafe(services.api.patch(place, json={"priority": 1}), loop).result()
        return plan_missing(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steering, "_missing", be_overtaken)
        return await services.api.post(f"{place}/extend", json={"configurations": 3})


@case("secret_unreadable", 503, "make another under a new Idempotency-Key")
async def _(services: Services) -> httpx.Response:
    one, other = (services.with_settings(secret_keys=Fernet.generate_key().decode()) for _ in range(2))
    await one.post("/v1/keys", json={"name": "one"}, headers=KEY)
    return await other.post("/v1/keys", json={"name": "one"}, headers=KEY)


@case("no_tracking", 409, "SUPSWEEP_MLFLOW_URI")
async def _(services: Services) -> httpx.Response:
    sweep_id = await _shown_and_ended(services.world)
    return await services.api.delete(f"/v1/sweeps/{sweep_id}", params={"mlflow_runs": True})


@case("tracking_away", 503, "is still there, its runs could not be deleted: MLflow is away")
async def _(services: Services) -> httpx.Response:
    sweep_id, client, store = await _shown_and_ended(services.world), services.api, FakeTrackingStore()
    store.fails_with = TrackingUnavailable("MLflow is away")
    parts_of(client).tracking = server_of(store)
    return await client.delete(f"/v1/sweeps/{sweep_id}", params={"mlflow_runs": True})


@case("storage_away", 503, "is still there, its checkpoints could not be deleted")
async def _(services: Services) -> httpx.Response:
    sweep_id = await _shown_and_ended(services.world)
    storage = services.world.settings.home / "storage"
    storage.mkdir()
    (storage / sweep_id).write_text("a file where a folder should be")
    return await services.api.delete(f"/v1/sweeps/{sweep_id}", params={"checkpoints": True})


async def _shown_and_ended(world: World) -> str:
    """Id of a cancelled sweep that MLflow shows."""
    sweep_id = await world.create()
    async with world.database.write() as session:
        await session.execute(text("UPDATE sweeps SET state = 'cancelled'"))
        await session.execute(text("DELETE FROM projections"))
        session.add(ProjectionRow(sweep_id=sweep_id, run_id="run"))
    return sweep_id


@case("database_full", 507, "free some space; nothing was half-written")
async def _(services: Services) -> httpx.Response:
    database = services.world.database
    async with database.engine.connect() as connection:
        pages = await connection.scalar(text("PRAGMA page_count"))
    limit = f"PRAGMA max_page_count = {pages}"
    event.listen(database.engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql(limit))
    return await services.api.post("/v1/sweeps", json=DOCUMENT | {"design": {"configurations": 500}})


@case("database_unavailable", 503, "the database does not answer")
async def _(services: Services) -> httpx.Response:
    client = services.api
    parts_of(client).database = Database("sqlite+aiosqlite:////no/such/folder.db")
    return await client.get("/v1/sweeps")


@case("database_refuses", 503, "file is not a database")
async def _(services: Services) -> httpx.Response:
    client = services.api
    parts_of(client).database = Database(f"sqlite+aiosqlite:///{__file__}")
    return await client.get("/v1/sweeps")


@case("cannot_match", 422, "accepted: at most 10,000")
async def _(services: Services) -> httpx.Response:
    arms = [{**arm, "base": {"epochs": 9000}} for arm in DOCUMENT["arms"]]
    return await services.api.post("/v1/sweeps", json=DOCUMENT | {"arms": arms})


@case("sampler_unavailable", 422, "accepted: tpe, cmaes, nsga2, random")
async def _(services: Services) -> httpx.Response:
    design = {"kind": "search", "sampler": "gp", "configurations": 4}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samplers, "find_spec", lambda _name: None)
        return await services.api.post("/v1/sweeps", json=DOCUMENT | {"design": design})


@case("cannot_warm_start", 422, "has 0 finished trials")
async def _(services: Services) -> httpx.Response:
    changes = {"design": {"kind": "search", "configurations": 4}, "warm_start": await services.world.create()}
    return await services.api.post("/v1/sweeps", json=DOCUMENT | changes)


@case("rate_limited", 429, "too many requests came with your key: wait 1 s")
async def _(services: Services) -> httpx.Response:
    client = services.with_settings(requests_per_second=1)
    answers = [await client.get("/v1/presets/digits-smoke") for _ in range(12)]
    assert answers[-1].headers["Retry-After"] == "1"
    return answers[-1]


@case("unknown_host", 421, "evil.example")
async def _(services: Services) -> httpx.Response:
    client = services.with_settings(allowed_hosts=["service"])
    return await client.get("/healthz", headers={"Host": "evil.example"})


@case("body_too_large", 413, "accepted: up to 1048576")
async def _(services: Services) -> httpx.Response:
    return await services.with_settings(max_body_bytes=2**20).post("/v1/sweeps", json={"name": "a" * 2**20})


@case("no_room", 503, "send it again in 2 s")
async def _(services: Services) -> httpx.Response:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bodies, "ROOM_OF_STRANGERS", 5)
        headers = {"Authorization": "Bearer nobody's"}
        return await services.api.post("/v1/sweeps", json={"name": "longer"}, headers=headers)


@case("target_too_long", 414, "accepted: up to 8192")
async def _(services: Services) -> httpx.Response:
    return await services.api.get("/v1/sweeps/" + "a" * 8200)


@case("headers_too_large", 431, "accepted: up to 32768")
async def _(services: Services) -> httpx.Response:
    return await services.api.get("/v1/sweeps", headers={"X-Long": "a" * 40_000})


@case("body_too_slow", 408, "the body did not come within 0.01 s")
async def _(services: Services) -> httpx.Response:
    async def stalling() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    return await services.with_settings(body_seconds=0.01).post("/v1/sweeps", content=stalling())


@case("stopping", 503, "send it again in a moment")
async def _(services: Services) -> httpx.Response:
    has_begun = asyncio.Event()

    async def stalling() -> AsyncIterator[bytes]:
        yield b"{"
        has_begun.set()
        await asyncio.Event().wait()

    request = asyncio.create_task(services.api.post("/v1/sweeps", content=stalling()))
    await has_begun.wait()
    # As a server that stops does when its patience has ended.
    request.cancel()
    return await request


@case("method_not_allowed", 405, "PUT is not possible at /v1/sweeps; accepted: ")
async def _(services: Services) -> httpx.Response:
    return await services.api.put("/v1/sweeps", json=DOCUMENT)


@case("internal_error", 500, "request_id")
async def _(services: Services) -> httpx.Response:
    client = services.api
    parts_of(client).clock = None
    return await client.get("/v1/sweeps")


@pytest.mark.parametrize("code", CASES)
async def test_code_comes_with_its_status_and_a_sentence(services: Services, code: str) -> None:
    status, sentence, ask = CASES[code]
    answer = await ask(services)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert problem["status"] == status
    assert sentence in problem["detail"]
    assert (int(answer.headers.get("Retry-After", 0)) > 0) == (status in (429, 503))
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert problem["title"]
