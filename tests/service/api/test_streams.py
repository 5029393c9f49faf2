"""A stream ends soon after the key that opened it, whether it is busy or silent, and goes on while the key works."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any

import anyio
import httpx
import pytest
from fakes.keys import headers_of, key_id
from fakes.ledger import World

from service.api import streams
from service.api.dependencies import Parts
from service.api.streams import while_key_works
from service.auth.callers import Caller
from service.db.database import Database
from service.schemas.keys import Scope

STREAMS = [
    ("events", {"Accept": "text/event-stream"}),
    ("logs?follow=true", {"Accept": "text/event-stream"}),
    ("logs?follow=true", {"Accept": "text/plain"}),
]
MANY = 20


@pytest.fixture
def parts(api: httpx.AsyncClient) -> Parts:
    wired: Parts = api._transport.app.state.parts  # type: ignore[attr-defined]
    return wired


async def busy() -> AsyncGenerator[bytes]:
    while True:
        yield b"news"


@pytest.mark.parametrize(("path", "accept"), STREAMS)
@pytest.mark.parametrize("end", ["revoked", "expired"])
async def test_a_silent_stream_ends_with_its_key(
    api: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch, path: str, accept: dict[str, str], end: str
) -> None:
    looks, look = asyncio.Semaphore(0), streams._works

    async def count_looks(*whose: Any) -> bool:
        looks.release()
        return await look(*whose)

    monkeypatch.setattr(streams, "CHECK_SECONDS", 0.01)
    monkeypatch.setattr(streams, "_works", count_looks)
    sweep_id = await world.create()
    expires_at = world.clock() + timedelta(minutes=1)
    reader = await headers_of(world, "admin", Scope.READ, expires_at=expires_at)
    following = asyncio.create_task(api.get(f"/v1/sweeps/{sweep_id}/{path}", headers=reader | accept))
    await asyncio.wait_for(looks.acquire(), 30)
    await asyncio.wait_for(looks.acquire(), 30)
    assert not following.done(), "the key works"
    if end == "revoked":
        assert (await api.delete(f"/v1/keys/{key_id(reader)}")).status_code == 204
    else:
        world.clock.turn(60)
    answer = await asyncio.wait_for(following, 30)
    assert answer.status_code == 200
    assert "event: end" not in answer.text, "whoever follows asks again, and is told that the key has ended"


async def test_a_busy_stream_goes_on_while_its_key_works_and_ends_with_it(
    api: httpx.AsyncClient, parts: Parts, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "CHECK_SECONDS", 0.0)
    reader = key_id(await headers_of(world, "admin", Scope.READ))
    caller = Caller("admin", frozenset({Scope.READ}), reader)
    seen = 0
    async for _ in while_key_works(parts, caller, busy()):
        seen += 1
        if seen == MANY:
            assert (await api.delete(f"/v1/keys/{reader}")).status_code == 204
    assert seen == MANY


async def test_a_stream_outlives_a_database_that_is_away(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "CHECK_SECONDS", 0.0)
    parts.database = Database("sqlite+aiosqlite:////no/such/folder/ledger.db")
    stream = while_key_works(parts, Caller("admin", frozenset({Scope.READ}), "any"), busy())
    assert [await anext(stream) for _ in range(3)] == [b"news"] * 3
    await stream.aclose()


async def test_a_stream_is_closed_when_its_client_goes(parts: Parts, world: World, api: httpx.AsyncClient) -> None:
    caller = Caller("admin", frozenset({Scope.READ}), key_id(await headers_of(world, "admin", Scope.READ)))
    is_closed = False

    async def silent() -> AsyncGenerator[bytes]:
        nonlocal is_closed
        try:
            yield b"news"
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)  # as long as it takes to give a connection back
            is_closed = True

    with anyio.CancelScope() as request:
        async for _ in while_key_works(parts, caller, silent()):
            request.cancel()
    assert is_closed
