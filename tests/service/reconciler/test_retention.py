"""Old messages of webhooks go, a batch at a time; what waits to be sent, and what is young, stays."""

import asyncio
from datetime import timedelta

import pytest
from fakes.ledger import World
from sqlalchemy import select

from service.db import deliveries, webhooks
from service.db.deliveries import DeliveryRow
from service.db.spent import SpentRow
from service.db.webhooks import WebhookRow
from service.errors import DatabaseUnavailable
from service.loops import Loop, Loops
from service.reconciler import retention
from service.reconciler.claim import Tools
from service.reconciler.retention import forget_old, start_retention

KEPT_DAYS = 30


def tools(world: World) -> Tools:
    return Tools(world.settings, world.database, world.clusters, world.clock)


async def hook(world: World) -> None:
    """A webhook whose secret was rotated with a grace of an hour."""
    row = WebhookRow(
        id="hook",
        owner="ada",
        url="https://example.org",
        sealed_secret="new",
        sealed_previous_secret="old",
        previous_secret_ends_at=world.clock() + timedelta(hours=1),
        kinds=["sweep.state"],
        created_at=world.clock(),
    )
    async with world.database.write() as session:
        session.add(row)


async def message(world: World, name: str, *, days_old: float, is_waiting: bool = False) -> None:
    at = world.clock() - timedelta(days=days_old)
    row = DeliveryRow(
        id=name, webhook_id="hook", kind="x", payload={}, created_at=at, due_at=world.clock() if is_waiting else None
    )
    async with world.database.write() as session:
        session.add(row)


async def left(world: World) -> list[str]:
    async with world.database.read() as session:
        return sorted(row.id for row in await deliveries.page(session, "hook", limit=100))


async def forget(world: World) -> int:
    return await forget_old(tools(world), Loop("retention", asyncio.Event()))


async def test_old_messages_go_unless_they_wait(world: World) -> None:
    await hook(world)
    await message(world, "old", days_old=KEPT_DAYS + 0.01)
    await message(world, "young", days_old=KEPT_DAYS - 0.01)
    await message(world, "waiting", days_old=KEPT_DAYS + 5, is_waiting=True)
    assert await forget(world) == 1
    assert await left(world) == ["waiting", "young"]
    assert await forget(world) == 0


async def test_many_go_in_batches_and_a_stop_ends_them_between_two(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "DELETED_AT_ONCE", 2)
    await hook(world)
    for number in range(5):
        await message(world, f"{number}", days_old=KEPT_DAYS + 10 - number)
    stopping = asyncio.Event()
    stopping.set()
    assert await forget_old(tools(world), Loop("retention", stopping)) == 0
    async with world.database.write() as session:
        before = world.clock() - timedelta(days=KEPT_DAYS)
        assert await deliveries.delete_old(session, before, limit=2) == 2
    assert await left(world) == ["2", "3", "4"], "the oldest go first"
    assert await forget(world) == 3
    assert await left(world) == []


async def test_a_secret_that_signs_nothing_more_is_forgotten(world: World) -> None:
    await hook(world)
    for seconds, secret in ((3599, "old"), (1, None)):
        world.clock.turn(seconds)
        await forget(world)
        async with world.database.read() as session:
            row = await webhooks.find(session, "hook")
        assert row is not None
        assert (row.sealed_secret, row.sealed_previous_secret) == ("new", secret)
    assert row.previous_secret_ends_at is None


async def test_the_loop_goes_on_after_failures(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = [DatabaseUnavailable("away"), ZeroDivisionError()]
    turned = asyncio.Event()

    async def fail_at_first(*_arguments: object) -> int:
        if failures:
            raise failures.pop(0)
        turned.set()
        return 1

    monkeypatch.setattr(retention, "forget_old", fail_at_first)
    monkeypatch.setattr(retention, "LOOK_SECONDS", 0.0)
    loops = Loops()
    start_retention(tools(world), loops)
    await asyncio.wait_for(turned.wait(), 10)
    await loops.stop(10)
    assert [loop.name for loop in loops.ended()] == ["retention"]


async def test_spending_that_no_quota_looks_at_goes(world: World) -> None:
    for days_old in (1, 31):
        async with world.database.write() as session:
            started_at = world.clock() - timedelta(days=days_old)
            session.add(SpentRow(sweep_id=f"{days_old}", owner="ada", device_seconds=1.0, last_started_at=started_at))
    await forget(world)
    async with world.database.read() as session:
        assert (await session.scalars(select(SpentRow.sweep_id))).all() == ["1"]
