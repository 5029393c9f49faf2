"""Keeps a claim alive while its holder works, so that claims can be short: those of the dead are soon free."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from service.errors import SweepServiceError

CLAIM_SECONDS = 30.0
RENEWALS_PER_CLAIM = 3


@asynccontextmanager
async def renewed(renew: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Calls `renew` several times per claim until the work within is done."""
    task = asyncio.create_task(_renew_for_ever(renew))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _renew_for_ever(renew: Callable[[], Awaitable[None]]) -> None:
    while True:
        await asyncio.sleep(CLAIM_SECONDS / RENEWALS_PER_CLAIM)
        # A database that is away now may be back before the claim ends.
        with suppress(SweepServiceError):
            await renew()
