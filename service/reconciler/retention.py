"""What nobody needs any more is deleted: messages that were sent long ago, secrets of webhooks that sign nothing now,
what deleted sweeps have used before any quota looks.

In small transactions, so that nobody waits for them; several processes may do it at once.
"""

import logging
from datetime import timedelta

from service.db import deliveries, spent, webhooks
from service.errors import SweepServiceError
from service.loops import Loop, Loops
from service.operations.quotas import QUOTA_DAYS
from service.reconciler.claim import Tools

log = logging.getLogger(__name__)

LOOK_SECONDS = 30.0
DELETED_AT_ONCE = 500


def start_retention(tools: Tools, loops: Loops) -> None:
    """Starts what deletes old rows."""
    loops.start("retention", lambda loop: _forget_again_and_again(tools, loop))


async def forget_old(tools: Tools, loop: Loop) -> int:
    """Deletes whatever is old now; how many messages that were."""
    now = tools.clock()
    before = now - timedelta(days=tools.settings.deliveries_kept_days)
    # Looked at first: on SQLite, whoever may write holds up everybody who writes.
    async with tools.database.read() as session:
        is_any_message_old = await deliveries.is_any_old(session, before)
        is_any_secret_over = await webhooks.is_any_secret_over(session, now)
        is_any_spending_old = await spent.is_any_old(session, now - timedelta(days=QUOTA_DAYS))
    if is_any_secret_over:
        async with tools.database.write() as session:
            await webhooks.forget_secrets_over(session, now)
    if is_any_spending_old:
        async with tools.database.write() as session:
            await spent.delete_old(session, now - timedelta(days=QUOTA_DAYS))
    total = 0
    while is_any_message_old and loop.turns():
        async with tools.database.write() as session:
            deleted = await deliveries.delete_old(session, before, limit=DELETED_AT_ONCE)
        total += deleted
        is_any_message_old = deleted == DELETED_AT_ONCE
    return total


async def _forget_again_and_again(tools: Tools, loop: Loop) -> None:
    while loop.turns():
        try:
            deleted = await forget_old(tools, loop)
            if deleted:
                log.info("old webhook messages deleted", extra={"messages": deleted})
        except SweepServiceError as error:
            log.warning("old rows are not deleted", extra={"reason": error.detail})
            loop.waits_for(error.detail)
        except Exception:  # whatever it is, the next turn may succeed
            log.exception("old rows are not deleted")
        await loop.pause(LOOK_SECONDS)
