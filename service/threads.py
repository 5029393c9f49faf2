"""Threads for what would hold up the event loop, some for each kind of work, so that no kind waits for another.

The threads of `asyncio.to_thread` are left to what takes long and may wait: previews, reports, MLflow, the storage.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from enum import StrEnum
from functools import cache
from typing import TypeVar, TypeVarTuple

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")


class Work(StrEnum):
    """What has threads of its own."""

    DRAWS = "draws"
    """Of searches: a runner that waits too long for its next trial is fenced."""
    SHAPES = "shapes"
    """Of long bodies, before anybody is believed."""
    NAMES = "names"
    """Looked up in DNS, which may hold a thread for as long as it likes."""


AT_ONCE = {Work.DRAWS: 4, Work.SHAPES: 2, Work.NAMES: 16}


async def in_thread(work: Work, call: Callable[[*Arguments], Result], *arguments: *Arguments) -> Result:
    """What the call returns, made in a thread of that kind; more of them than there are threads wait their turn."""
    return await asyncio.get_running_loop().run_in_executor(_pool(work), copy_context().run, call, *arguments)


@cache
def _pool(work: Work) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE[work], work.value)
