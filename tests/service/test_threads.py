"""No kind of work waits for another kind, and log lines of a thread name the request that it works for."""

import asyncio
import threading

from structlog.contextvars import bind_contextvars, get_contextvars

from service.threads import AT_ONCE, Work, in_thread


async def test_work_of_another_kind_does_not_wait_for_threads_that_are_taken() -> None:
    is_over = threading.Event()
    others = [asyncio.create_task(asyncio.to_thread(is_over.wait)) for _ in range(64)]
    names = [asyncio.create_task(in_thread(Work.NAMES, is_over.wait)) for _ in range(AT_ONCE[Work.NAMES] + 1)]
    try:
        await asyncio.sleep(0)
        async with asyncio.timeout(10):
            assert await in_thread(Work.DRAWS, max, 1, 2) == 2
        assert not any(task.done() for task in (*others, *names))
    finally:
        is_over.set()
        await asyncio.gather(*others, *names)


async def test_a_thread_knows_whom_it_works_for() -> None:
    bind_contextvars(request="abc")
    assert (await in_thread(Work.DRAWS, get_contextvars))["request"] == "abc"
