"""The database gets one first key, however many processes start on it; a lost one is replaced by command alone."""

import asyncio
import logging
import stat

import pytest
from fakes.ledger import World

from service.auth.first_key import FIRST_OWNER, add_first_key, make_first_key
from service.auth.keys import check_key
from service.db import keys


async def start(world: World) -> None:
    """What every process does that serves the API."""
    await make_first_key(world.database, world.settings.api_key_file, world.clock())


async def owner_of_the_homes_key(world: World) -> str:
    async with world.database.read() as session:
        return (await check_key(session, world.settings.api_key_file.read_text().strip(), world.clock())).owner


async def count_working(world: World) -> int:
    async with world.database.read() as session:
        return len(await keys.working(session, world.clock()))


async def test_the_first_start_writes_a_key_for_its_owner_alone(world: World) -> None:
    await start(world)
    assert stat.S_IMODE(world.settings.api_key_file.stat().st_mode) == 0o600
    assert await owner_of_the_homes_key(world) == FIRST_OWNER


async def test_a_key_that_works_is_kept(world: World) -> None:
    await start(world)
    first = world.settings.api_key_file.read_text()
    await start(world)
    assert world.settings.api_key_file.read_text() == first
    assert await count_working(world) == 1


async def test_processes_that_start_together_on_homes_of_their_own_make_one_key(world: World) -> None:
    files = [world.settings.home / f"container-{number}" / "api_key" for number in range(4)]
    await asyncio.gather(*(make_first_key(world.database, file, world.clock()) for file in files))
    assert [file.exists() for file in files].count(True) == 1
    assert await count_working(world) == 1


@pytest.mark.parametrize("content", [None, b"", b"sws_", b"\xff", b"sws_0123abcd_" + b"0" * 64])
async def test_a_start_without_the_key_makes_no_other_and_tells_how(
    world: World, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    await start(world)
    file = world.settings.api_key_file
    file.unlink()
    if content is not None:
        file.write_bytes(content)
    with caplog.at_level(logging.INFO, "service.auth.first_key"):
        await start(world)
    assert await count_working(world) == 1
    assert [record.levelname for record in caplog.records if "supsweep keys first" in record.message] == ["INFO"]


async def test_a_database_whose_admins_keys_have_all_ended_gets_another(world: World) -> None:
    await start(world)
    first = world.settings.api_key_file.read_text()
    async with world.database.write() as session:
        (key,) = await keys.lock_working(session, world.clock())
        key.expires_at = world.clock()
    await start(world)
    assert world.settings.api_key_file.read_text() != first
    assert await owner_of_the_homes_key(world) == FIRST_OWNER


async def test_a_lesser_key_is_no_first_key(world: World) -> None:
    await start(world)
    async with world.database.write() as session:
        (key,) = await keys.lock_working(session, world.clock())
        key.scopes = ["write"]
    await start(world)
    assert await count_working(world) == 2


async def test_another_one_takes_the_place_of_a_lost_one_in_the_home(world: World) -> None:
    await start(world)
    world.settings.api_key_file.unlink()
    async with world.database.write() as session:
        add_first_key(session, world.settings.api_key_file, world.clock())
    assert await owner_of_the_homes_key(world) == FIRST_OWNER
    assert await count_working(world) == 2
