"""Streams end with the key that opened them: whoever follows for hours is looked at again and again."""

import asyncio
from collections.abc import AsyncGenerator

import anyio

from service.api.dependencies import Parts
from service.auth.callers import Caller
from service.auth.keys import check_not_ended
from service.db import keys
from service.errors import SweepServiceError, Unauthenticated

CHECK_SECONDS = 10.0
"""So long may a stream outlive its key."""


async def while_key_works(parts: Parts, caller: Caller, chunks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """The chunks, until the caller's key has been revoked or has expired; looked at in every silence too."""
    clock = asyncio.get_running_loop().time
    check_at = clock() + CHECK_SECONDS
    coming = asyncio.ensure_future(anext(chunks, None))
    try:
        while True:
            await asyncio.wait({coming}, timeout=max(0.0, check_at - clock()))
            if clock() >= check_at:
                if not await _works(parts, caller.key_id):
                    return
                check_at = clock() + CHECK_SECONDS
            if not coming.done():
                continue
            chunk = coming.result()
            if chunk is None:
                return
            yield chunk
            coming = asyncio.ensure_future(anext(chunks, None))
    finally:
        # Where the client has gone, every further wait of the request would be cancelled too.
        with anyio.CancelScope(shield=True):
            coming.cancel()
            await asyncio.wait({coming})
            await chunks.aclose()


async def _works(parts: Parts, key_id: str) -> bool:
    try:
        async with parts.database.read() as session:
            key = await keys.find(session, key_id)
        assert key is not None, f"key {key_id} vanished"
        check_not_ended(key, parts.clock())
    except Unauthenticated:
        return False
    except SweepServiceError:
        # While the database is away nobody's key is revoked, and nobody reads anything new.
        return True
    return True
