"""A worker of one's own joins: it gets a runner and a token, the same ones for the same Idempotency-Key."""

from typing import Any

import httpx
from cryptography.fernet import Fernet
from fakes.ledger import World
from sqlalchemy import func, select

from service.db import runners
from service.db.sweeps import IdempotencyRow, delete
from service.operations.redaction import TOKEN_LENGTH
from service.vault import Vault

ONCE = {"Idempotency-Key": "once"}


async def join(api: httpx.AsyncClient, sweep_id: str, headers: dict[str, str], name: str = "mine") -> httpx.Response:
    return await api.post(f"/v1/sweeps/{sweep_id}/workers", json={"name": name}, headers=headers)


async def opened(world: World, sweep_id: str) -> int:
    async with world.database.read() as session:
        return len(await runners.of_sweep(session, sweep_id))


async def asks(api: httpx.AsyncClient, joined: dict[str, Any]) -> int:
    headers = {"Authorization": f"Bearer {joined['token']}"}
    path = f"/v1/runners/{joined['brief']['runner_id']}/ask"
    return (await api.post(path, json={"tune_trial_id": "t1"}, headers=headers)).status_code


async def test_a_repeated_join_gives_the_same_runner_and_its_token(api: httpx.AsyncClient, world: World) -> None:
    sweep_id = await world.create()
    first = await join(api, sweep_id, ONCE)
    assert (first.status_code, first.headers["Cache-Control"]) == (201, "no-store")
    assert first.headers["Location"] == f"/v1/runners/{first.json()['brief']['runner_id']}"
    await world.cancel(sweep_id)
    again = await join(api, sweep_id, ONCE)
    assert again.json() == first.json()
    assert await opened(world, sweep_id) == 1
    assert len(again.json()["token"]) == TOKEN_LENGTH


async def test_every_join_without_a_key_opens_a_runner(api: httpx.AsyncClient, world: World) -> None:
    sweep_id = await world.create()
    tokens = {(await join(api, sweep_id, {})).json()["token"] for _ in range(2)}
    assert (len(tokens), await opened(world, sweep_id)) == (2, 2)


async def test_the_token_of_a_join_works_and_is_stored_nowhere(api: httpx.AsyncClient, world: World) -> None:
    sweep_id = await world.create()
    joined = (await join(api, sweep_id, ONCE)).json()
    assert await asks(api, joined) == 200
    async with world.database.read() as session:
        (row,) = await runners.of_sweep(session, sweep_id)
    assert joined["token"] not in str(vars(row))


async def test_another_body_under_the_same_key_is_refused(api: httpx.AsyncClient, world: World) -> None:
    sweep_id, other = await world.create(), await world.create()
    await join(api, sweep_id, ONCE)
    for answer in (await join(api, sweep_id, ONCE, name="another"), await join(api, other, ONCE)):
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_what_one_owner_joined_once_another_does_not_get(
    api: httpx.AsyncClient, world: World, stranger: dict[str, str]
) -> None:
    sweep_id = await world.create()
    await join(api, sweep_id, ONCE)
    assert (await join(api, sweep_id, ONCE | stranger)).status_code == 404


async def test_a_token_that_cannot_be_made_again_is_told_of(api: httpx.AsyncClient, world: World) -> None:
    sweep_id = await world.create()
    await join(api, sweep_id, ONCE)
    parts = api._transport.app.state.parts  # type: ignore[attr-defined]
    parts.vault = Vault(Fernet.generate_key().decode(), world.settings.secret_key_file)
    lost = await join(api, sweep_id, ONCE)
    assert (lost.status_code, lost.json()["code"]) == (503, "secret_unreadable")


async def test_the_key_of_a_join_goes_with_its_sweep(api: httpx.AsyncClient, world: World) -> None:
    sweep_id = await world.create()
    await join(api, sweep_id, ONCE)
    async with world.database.write() as session:
        await delete(session, sweep_id)
        assert await session.scalar(select(func.count()).select_from(IdempotencyRow)) == 0
