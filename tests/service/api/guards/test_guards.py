"""What stands before every route, as a client of the whole service meets it."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from fakes.keys import bearer, headers_of
from fakes.ledger import World, small_spec

from service.api.guards import bodies
from service.api.guards.bodies import MOST_BYTES_OF_STRANGERS, Bodies
from service.db.reports import ReportRow
from service.main import build_app
from service.schemas.keys import Scope
from service.settings import Settings

DOCUMENT = small_spec().model_dump(mode="json", exclude_defaults=True)
FONTS = {"https://fonts.googleapis.com"}
"""redoc does without them."""
JSON = {"Content-Type": "application/json"}

Service = Callable[..., httpx.AsyncClient]


@pytest.fixture
async def service(world: World) -> AsyncIterator[Service]:
    """Makes a client of the service with those settings, from an address, with the key of a writer."""
    headers = await headers_of(world, "somebody", Scope.WRITE)
    clients = []

    def make(address: str = "192.0.2.7", **settings: object) -> httpx.AsyncClient:
        app = build_app(Settings(home=world.settings.home, **settings), {"local": world.cluster})
        app.state.parts.database = world.database
        app.state.parts.clock = world.clock
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False, client=(address, 1))
        clients.append(httpx.AsyncClient(transport=transport, base_url="http://service:8000", headers=headers))
        return clients[-1]

    yield make
    for client in clients:
        await client.aclose()


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 100):
        yield b" " * 100


async def test_a_body_that_is_too_large_is_refused_however_it_is_sent(service: Service) -> None:
    client = service(max_body_bytes=2**20)
    for body in (b" " * (2**20 + 1), chunks(2**20 + 200)):
        answer = await client.post("/v1/sweeps", content=body, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert "1048576" in answer.json()["detail"]
    assert (await client.post("/v1/sweeps", content=chunks(2**20), headers=JSON)).status_code == 422


async def test_a_large_body_is_refused_before_it_is_read() -> None:
    asked = []

    async def receive() -> dict[str, object]:
        asked.append(1)
        return {"type": "http.request", "body": b"", "more_body": True}

    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    async def knows(_key: str) -> bool:
        return True

    scope = {"type": "http", "path": "/", "headers": [(b"content-length", b"70000")]}
    await Bodies(None, 66_000, 1.0, knows)(scope, receive, send)  # type: ignore[arg-type]  # never reached
    assert (sent[0]["status"], asked) == (413, [])


@pytest.mark.parametrize("authorization", ["", "Bearer sws_0_x", "Bearer sws_01234567_" + "0" * 64])
async def test_a_long_body_needs_a_key_that_works(service: Service, authorization: str) -> None:
    client = service()
    for body in (b" " * (MOST_BYTES_OF_STRANGERS + 1), chunks(MOST_BYTES_OF_STRANGERS + 200)):
        answer = await client.post("/v1/sweeps", content=body, headers=JSON | {"Authorization": authorization})
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert "with a key that works up to 16777216" in answer.json()["detail"]
    longest = b" " * MOST_BYTES_OF_STRANGERS
    answer = await client.post("/v1/sweeps", content=longest, headers=JSON | {"Authorization": authorization})
    assert answer.status_code in (401, 422)


async def test_bodies_that_never_end_fill_no_memory_and_hold_up_nobody_who_is_known(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_held = asyncio.Event()

    async def stalling() -> AsyncIterator[bytes]:
        yield b" " * 600
        is_held.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(bodies, "ROOM_OF_STRANGERS", 1000)
    client, nobody = service(), {"Authorization": ""}
    held = asyncio.create_task(client.post("/v1/sweeps", content=stalling(), headers=JSON | nobody))
    try:
        await asyncio.wait_for(is_held.wait(), 30)
        answer = await client.post("/v1/sweeps", content=b" " * 500, headers=JSON | nobody)
        assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "no_room", "2")
        assert (await client.post("/v1/sweeps", content=b" " * 500, headers=JSON)).status_code == 422
        assert (await client.post("/v1/sweeps", content=b" " * 2000, headers=JSON)).status_code == 422
    finally:
        held.cancel()
        await asyncio.wait({held})


async def test_refused_bodies_without_a_key_that_works_are_failures(service: Service) -> None:
    client, nobody = service(failures_per_minute=3), {"Authorization": "Bearer nobody's"}
    deep, long = b"[" * 100, b" " * (MOST_BYTES_OF_STRANGERS + 1)
    for body in (deep, deep, long):
        assert (await client.post("/v1/sweeps", content=body, headers=JSON)).status_code in (413, 422)
    statuses = [
        (await client.post("/v1/sweeps", content=body, headers=JSON | nobody)).status_code
        for body in (deep, long, b"{", deep)
    ]
    assert statuses == [422, 413, 422, 429]
    assert (await client.get("/v1/sweeps")).status_code == 200, "a key that works is heard"


@pytest.mark.parametrize("size", [8193, 40_000])
async def test_a_target_that_is_too_long_is_refused_wherever_it_is_long(service: Service, size: int) -> None:
    for target in (f"/v1/sweeps/{'a' * size}", f"/v1/sweeps?cursor={'a' * size}", f"/{'a' * size}"):
        answer = await service().get(target)
        assert (answer.status_code, answer.json()["code"]) == (414, "target_too_long")


async def test_one_key_is_one_however_its_header_is_written(service: Service) -> None:
    client = service(requests_per_second=0.01)
    key = client.headers["Authorization"].partition(" ")[2]
    written = [f"Bearer {key}", f"bearer {key}", f"Bearer   {key}", f"BEARER {key}  "]
    statuses = [(await client.get("/v1/sweeps", headers={"Authorization": one})).status_code for one in written]
    assert statuses == [200, 429, 429, 429]


async def test_a_client_that_stalls_is_let_go(service: Service) -> None:
    async def stalling() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(30)

    answer = await service(body_seconds=0.05).post("/v1/sweeps", content=stalling(), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (408, "body_too_slow")


@pytest.mark.parametrize("depth", [65, 900, 100_000])
async def test_a_deep_body_is_a_problem(service: Service, depth: int) -> None:
    body = json.dumps(DOCUMENT)[:-1] + ', "labels": ' + '{"a":' * depth + "1" + "}" * depth + "}"
    answer = await service().post("/v1/sweeps", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert "64" in answer.json()["detail"]


@pytest.mark.parametrize("depth", [50, 62])
async def test_a_body_at_the_limit_reaches_its_route(service: Service, depth: int) -> None:
    body = json.dumps(DOCUMENT)[:-1] + ', "labels": {"a": ' + "[" * depth + "1" + "]" * depth + "}}"
    answer = await service().post("/v1/sweeps", content=body, headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"].startswith("/labels/a")


async def test_a_key_that_asks_too_often_waits_and_others_do_not(service: Service, world: World) -> None:
    client = service(requests_per_second=0.01)
    another = await headers_of(world, "another", Scope.READ)
    answers = [await client.get("/v1/sweeps") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 429, 429]
    assert answers[1].json()["code"] == "rate_limited"
    assert 80 <= int(answers[1].headers["Retry-After"]) <= 100
    assert (await client.get("/v1/sweeps", headers=another)).status_code == 200


async def test_the_burst_is_ten_seconds_of_the_rate(service: Service) -> None:
    client = service(requests_per_second=0.5)
    statuses = [(await client.get("/v1/presets/none")).status_code for _ in range(7)]
    assert statuses == [404] * 5 + [429] * 2


async def test_runners_and_probes_are_not_held_back(service: Service, world: World) -> None:
    runner = (await world.open_runner(await world.create())).opened
    client = service(requests_per_second=0.1)
    path = f"/v1/runners/{runner.runner_id}/report"
    for _ in range(5):
        assert (await client.post(path, json={"sequence": 1}, headers=bearer(runner.token))).status_code == 200
        assert (await client.get("/healthz")).status_code == 200


async def test_an_address_that_guesses_is_held_back_and_locks_nobody_out(service: Service) -> None:
    client = service(failures_per_minute=5)
    guesses = [await client.get("/v1/sweeps", headers=bearer(f"sws_0_{n}")) for n in range(7)]
    assert [answer.status_code for answer in guesses] == [401] * 5 + [429] * 2
    assert int(guesses[-1].headers["Retry-After"]) <= 12
    assert (await client.get("/v1/sweeps")).status_code == 200, (
        "a key that works is heard, which this process never saw"
    )
    # Neither what anybody gets nor another's token makes a guess credible.
    for path in ("/healthz", "/v1/nothing", "/openapi.json"):
        await client.get(path, headers=bearer("sws_0_x"))
    assert (await client.get("/v1/sweeps", headers=bearer("sws_0_x"))).status_code == 429


async def test_runners_behind_the_proxy_of_a_guesser_are_heard(service: Service, world: World) -> None:
    runner = (await world.open_runner(await world.create())).opened
    client = service(failures_per_minute=1)
    ended = await headers_of(world, "somebody", Scope.WRITE, revoked_at=world.clock())
    assert [(await client.get("/v1/sweeps", headers=ended)).status_code for _ in range(3)] == [401, 429, 429]
    path = f"/v1/runners/{runner.runner_id}/report"
    assert (await client.post(path, json={"sequence": 1}, headers=bearer(runner.token))).status_code == 200
    assert (await client.post(path, json={"sequence": 1}, headers=bearer(runner.token + "x"))).status_code == 429


async def test_the_guesses_of_one_address_do_not_hold_up_another(service: Service) -> None:
    client = service(failures_per_minute=1)
    for _ in range(2):
        await client.get("/v1/sweeps", headers=bearer("x"))
    other = httpx.ASGITransport(app=client._transport.app, client=("192.0.2.8", 1))  # type: ignore[attr-defined]
    async with httpx.AsyncClient(transport=other, base_url="http://service") as elsewhere:
        assert (await elsewhere.get("/v1/sweeps", headers=client.headers)).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "", "127.0.0.1.evil.example", "[::1]"])
async def test_a_name_that_is_not_ours_is_refused(service: Service, host: str) -> None:
    client = service(allowed_hosts=["127.0.0.1", "localhost"])
    for path in ("/v1/sweeps", "/healthz", "/docs", "/openapi.json"):
        answer = await client.get(path, headers={"Host": host})
        assert (answer.status_code, answer.json()["code"]) == (421, "unknown_host")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8000", "localhost:1", "LocalHost", "[::1]:80"])
async def test_our_names_are_answered_to_at_any_port(service: Service, host: str) -> None:
    client = service(allowed_hosts=["127.0.0.1", "localhost", "::1"])
    assert (await client.get("/v1/sweeps", headers={"Host": host})).status_code == 200


async def test_scraper_calls_a_process_by_its_address_where_metrics_have_a_token(service: Service) -> None:
    address = {"Host": "172.18.0.5:8000", "Authorization": "Bearer scraper"}
    client = service(allowed_hosts=["api"], metrics_token="scraper")
    assert (await client.get("/metrics", headers=address)).status_code == 200
    assert (await client.get("/metrics", headers=address | {"Authorization": "Bearer guess"})).status_code == 401
    assert (await client.get("/v1/sweeps", headers=address)).status_code == 421
    without_token = service(allowed_hosts=["api"])
    assert (await without_token.get("/metrics", headers=address)).status_code == 421


async def test_every_answer_says_what_a_browser_may_do_with_it(service: Service) -> None:
    client = service()
    for path in ("/v1/sweeps", "/v1/nothing", "/healthz"):
        headers = (await client.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["X-Frame-Options"] == "DENY"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")


async def test_the_documentation_sends_nothing_elsewhere(service: Service) -> None:
    for path in ("/docs", "/redoc"):
        answer = await service().get(path)
        policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
        assert (policy["default-src"], policy["connect-src"], policy["form-action"]) == ("'none'", "'self'", "'none'")
        origins = set(re.findall(r'(?:src|href)="(https://[^/"]+)', answer.text))
        assert origins <= set(policy["script-src"].split()) | set(policy["img-src"].split()) | FONTS


async def test_no_other_origin_is_let_in(service: Service) -> None:
    origin = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    client = service()
    for answer in (await client.get("/v1/sweeps", headers=origin), await client.options("/v1/sweeps", headers=origin)):
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_the_page_of_a_report_runs_in_an_origin_that_has_nothing(service: Service, world: World) -> None:
    client = service()
    place = (await client.post("/v1/sweeps", json=DOCUMENT)).headers["Location"]
    async with world.database.write() as session:
        sweep_id = place.rpartition("/")[2]
        session.add(ReportRow(sweep_id=sweep_id, json="{}", markdown="", html="<p>", created_at=world.clock()))
    headers = (await client.get(f"{place}/report", headers={"Accept": "text/html"})).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts allow-downloads; default-src 'none';")
    assert "same-origin" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
