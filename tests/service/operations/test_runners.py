"""A runner of a search gets its next trial, whatever else the process is at."""

import asyncio
import threading

from fakes.ledger import World, small_spec


async def test_a_draw_does_not_wait_for_what_may_take_long(world: World) -> None:
    runner = await world.open_runner(
        await world.create(small_spec(design={"kind": "search", "sampler": "tpe", "configurations": 2}))
    )
    is_over = threading.Event()
    others = [asyncio.create_task(asyncio.to_thread(is_over.wait)) for _ in range(64)]
    try:
        async with asyncio.timeout(30):
            await runner.take("t1")
    finally:
        is_over.set()
        await asyncio.gather(*others)
