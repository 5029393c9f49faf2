"""Secrets that work are known without asking for each; the list is read again, but not often."""

from fakes.keys import headers_of
from fakes.ledger import World
from sqlalchemy import event

from service.auth.known_secrets import FRESH_SECONDS, KnownSecrets, read_digests
from service.errors import DatabaseUnavailable
from service.schemas.keys import Scope


class Seconds:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


async def key_of(world: World, **columns: object) -> str:
    return (await headers_of(world, "somebody", Scope.READ, **columns))["Authorization"].removeprefix("Bearer ")


async def test_keys_and_tokens_are_known_while_they_work(world: World) -> None:
    sweep_id = await world.create()
    token = (await world.open_runner(sweep_id)).opened.token
    key = await key_of(world)
    dead = [await key_of(world, revoked_at=world.clock()), await key_of(world, expires_at=world.clock())]
    known = KnownSecrets(lambda: read_digests(world.database, world.clock()))
    assert [await known.knows(text) for text in (key, token)] == [True, True]
    assert [await known.knows(text) for text in (*dead, "", key + "0", token + "0", "sws_0_0")] == [False] * 6


async def test_a_fenced_runner_is_known_so_that_it_hears_of_it(world: World) -> None:
    runner = await world.open_runner(await world.create())
    await world.fence(runner)
    known = KnownSecrets(lambda: read_digests(world.database, world.clock()))
    assert await known.knows(runner.opened.token)


async def test_a_flood_costs_one_query_in_a_while_and_new_keys_are_known_soon(world: World) -> None:
    seconds = Seconds()
    known = KnownSecrets(lambda: read_digests(world.database, world.clock()), seconds)
    statements: list[str] = []
    event.listen(world.database.engine.sync_engine, "before_cursor_execute", lambda *call: statements.append(call[2]))
    await known.knows("sws_0_0")
    asked = len(statements)
    for number in range(100):
        assert not await known.knows(f"sws_{number}_0")
    assert len(statements) == asked
    key = await key_of(world)
    assert not await known.knows(key)
    seconds.now += FRESH_SECONDS
    assert await known.knows(key)


async def test_what_was_known_is_known_while_the_database_is_away(world: World) -> None:
    seconds, key = Seconds(), await key_of(world)
    is_away = False

    async def read() -> frozenset[str]:
        if is_away:
            raise DatabaseUnavailable("it is away")
        return await read_digests(world.database, world.clock())

    known = KnownSecrets(read, seconds)
    assert await known.knows(key)
    is_away = True
    seconds.now += FRESH_SECONDS
    assert await known.knows(key)
