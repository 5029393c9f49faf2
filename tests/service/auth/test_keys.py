"""A key works until it is revoked or expires, and only as it was handed out."""

from datetime import timedelta

import pytest
from fakes.ledger import World

from service.auth.keys import NewKey, check_key, is_use_to_note, make_key
from service.db import keys
from service.errors import Unauthenticated

HOUR = timedelta(hours=1)


async def stored(world: World, **columns: object) -> NewKey:
    key = make_key("somebody", world.clock())
    for name, value in columns.items():
        setattr(key.row, name, value)
    async with world.database.write() as session:
        session.add(key.row)
    return key


async def check(world: World, text: str | None) -> str:
    async with world.database.read() as session:
        return (await check_key(session, text, world.clock())).id


async def test_a_key_works_until_it_expires(world: World) -> None:
    key = await stored(world, expires_at=world.clock() + HOUR)
    assert await check(world, key.text) == key.row.id
    world.clock.turn(3600)
    with pytest.raises(Unauthenticated, match="expired at 2026-01-01 01:00 UTC"):
        await check(world, key.text)


async def test_a_revoked_key_says_so(world: World) -> None:
    key = await stored(world, revoked_at=world.clock())
    with pytest.raises(Unauthenticated, match="revoked at 2026-01-01 00:00 UTC"):
        await check(world, key.text)


async def test_a_wrong_secret_learns_nothing_of_the_key(world: World) -> None:
    key = await stored(world, revoked_at=world.clock())
    for text in (f"sws_{key.row.id}_{'0' * 64}", "sws_00000000_0", key.text.upper(), f"{key.text}0", "", "_", "sws__"):
        with pytest.raises(Unauthenticated, match="not known here"):
            await check(world, text)


async def test_what_is_stored_does_not_open_anything(world: World) -> None:
    key = await stored(world)
    assert key.text.rpartition("_")[2] not in str(vars(key.row))
    with pytest.raises(Unauthenticated):
        await check(world, f"sws_{key.row.id}_{key.row.secret_sha256}")


async def test_a_use_is_noted_once_a_minute_and_the_latest_stays(world: World) -> None:
    key = (await stored(world)).row
    assert is_use_to_note(key, world.clock())
    key.last_used_at = world.clock()
    assert not is_use_to_note(key, world.clock() + timedelta(seconds=59))
    assert is_use_to_note(key, world.clock() + timedelta(seconds=60))
    for minutes in (2, 1):
        async with world.database.write() as session:
            await keys.note_use(session, key.id, world.clock() + timedelta(minutes=minutes))
    async with world.database.read() as session:
        row = await keys.find(session, key.id)
    assert row is not None
    assert row.last_used_at == world.clock() + timedelta(minutes=2)
