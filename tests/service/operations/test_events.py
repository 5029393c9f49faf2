"""Those who follow a sweep share one reader; each gets every event once and in order, wherever it begins."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import pytest
from fakes.ledger import World

from service.db import events as db_events
from service.db import sweeps
from service.db.database import Session
from service.ledger.sweeps import move
from service.lifecycle import SweepState
from service.operations import events
from service.operations.events import EventFeeds


@pytest.fixture
def stopping() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def feeds(stopping: asyncio.Event) -> EventFeeds:
    return EventFeeds(stopping)


async def happen(world: World, sweep_id: str, count: int) -> None:
    """So many more events, each in a transaction of its own."""
    for _ in range(count):
        async with world.database.write() as session:
            await db_events.append(session, sweep_id, "test", world.clock())


async def finish(world: World, sweep_id: str) -> None:
    async with world.database.write() as session:
        sweep = await sweeps.find(session, sweep_id, lock=True)
        assert sweep is not None
        sweep.state = SweepState.CANCELLING
        await move(session, sweep, SweepState.CANCELLED, world.clock())


async def follow(feeds: EventFeeds, world: World, sweep_id: str, after: int = 0) -> list[int]:
    """Every sequence, until the end."""
    batches = feeds.follow(world.database, sweep_id, after=after, silence_seconds=60)
    return [event.sequence async for batch in batches for event in batch]


async def test_every_follower_gets_every_event_once_and_in_order(world: World, feeds: EventFeeds) -> None:
    sweep_id = await world.create()
    followers = [asyncio.create_task(follow(feeds, world, sweep_id)) for _ in range(50)]
    await happen(world, sweep_id, 30)
    late = asyncio.create_task(follow(feeds, world, sweep_id, after=10))
    await happen(world, sweep_id, 10)
    await finish(world, sweep_id)
    last = (await world.sweep(sweep_id)).event_count
    assert await asyncio.gather(*followers) == [list(range(1, last + 1))] * 50
    assert await late == list(range(11, last + 1))


async def test_reader_too_slow_for_what_is_kept_reads_by_itself(
    world: World, feeds: EventFeeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "KEPT", 3)
    sweep_id = await world.create()
    fast = asyncio.create_task(follow(feeds, world, sweep_id))
    batches = feeds.follow(world.database, sweep_id, after=0, silence_seconds=60)
    slow = [event.sequence for event in await anext(batches)]
    await happen(world, sweep_id, 20)
    await finish(world, sweep_id)
    everything = await fast
    slow += [event.sequence async for batch in batches for event in batch]
    assert slow == everything


async def test_many_followers_cost_no_more_than_one(
    world: World, feeds: EventFeeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[str] = []
    position: Callable[[Session, str], Awaitable[sweeps.Position | None]] = sweeps.position

    async def counted(session: Session, sweep_id: str) -> sweeps.Position | None:
        looks.append(sweep_id)
        return await position(session, sweep_id)

    monkeypatch.setattr(sweeps, "position", counted)
    monkeypatch.setattr(events, "POLL_SECONDS", 0.05)
    sweep_id = await world.create()
    followers = [asyncio.create_task(follow(feeds, world, sweep_id)) for _ in range(100)]
    while len(looks) < 5:
        await asyncio.sleep(0.01)
    assert len(looks) < 50
    await finish(world, sweep_id)
    await asyncio.gather(*followers)


async def test_silence_is_told_from_death(world: World, feeds: EventFeeds) -> None:
    sweep_id = await world.create()
    first = (await world.sweep(sweep_id)).event_count
    async with contextlib.aclosing(
        feeds.follow(world.database, sweep_id, after=first, silence_seconds=0.05)
    ) as batches:
        assert await anext(batches) == []


async def test_stop_of_the_process_ends_every_stream_at_once(
    world: World, feeds: EventFeeds, stopping: asyncio.Event
) -> None:
    sweep_id = await world.create()
    follower = asyncio.create_task(follow(feeds, world, sweep_id))
    await asyncio.sleep(0.05)
    stopping.set()
    async with asyncio.timeout(5):
        assert await follower == list(range(1, (await world.sweep(sweep_id)).event_count + 1))


async def test_streams_whose_reader_fails_end_and_may_be_followed_again(
    world: World, feeds: EventFeeds, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep_id = await world.create()

    async def fail(session: Session, sweep_id: str) -> sweeps.Position | None:
        raise RuntimeError("an error that nobody knows")

    with monkeypatch.context() as patch:
        patch.setattr(sweeps, "position", fail)
        async with asyncio.timeout(5):
            assert await asyncio.gather(*(follow(feeds, world, sweep_id) for _ in range(2))) == [[], []]
    assert feeds._feeds == {}
    await finish(world, sweep_id)
    assert await follow(feeds, world, sweep_id) == [*range(1, (await world.sweep(sweep_id)).event_count + 1)]


async def test_nothing_is_read_once_nobody_follows(world: World, feeds: EventFeeds) -> None:
    sweep_id = await world.create()
    follower = asyncio.create_task(follow(feeds, world, sweep_id))
    await asyncio.sleep(0.05)
    follower.cancel()
    await asyncio.gather(follower, return_exceptions=True)
    assert feeds._feeds == {}
    async with asyncio.timeout(5):
        while any(task.get_name().startswith("events of") for task in asyncio.all_tasks()):
            await asyncio.sleep(0.01)


async def test_sweep_that_is_deleted_ends_its_streams(world: World, feeds: EventFeeds) -> None:
    sweep_id = await world.create()
    follower = asyncio.create_task(follow(feeds, world, sweep_id))
    await asyncio.sleep(0.05)
    async with world.database.write() as session:
        await session.delete(await sweeps.find(session, sweep_id))
    async with asyncio.timeout(5):
        await follower
