"""The home always holds a key that works: one is made when it is missing, foreign or broken, and kept otherwise."""

import stat

import pytest
from fakes.ledger import World

from service.auth.first_key import FIRST_OWNER, make_first_key
from service.auth.keys import check_key


async def start(world: World) -> str:
    """The key in the home after a start, checked to work."""
    file = world.settings.api_key_file
    await make_first_key(world.database, file, world.clock())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    async with world.database.read() as session:
        assert (await check_key(session, file.read_text().strip(), world.clock())).owner == FIRST_OWNER
    return file.read_text()


async def test_a_key_that_works_is_kept(world: World) -> None:
    assert await start(world) == await start(world)


async def test_a_lost_key_is_replaced(world: World) -> None:
    first = await start(world)
    world.settings.api_key_file.unlink()
    assert await start(world) != first


@pytest.mark.parametrize("content", [b"", b"sws_", b"\xff", b"sws_0123abcd_" + b"0" * 64])
async def test_a_key_that_the_database_does_not_know_is_replaced(world: World, content: bytes) -> None:
    await start(world)
    world.settings.api_key_file.write_bytes(content)
    assert (await start(world)).encode() != content
