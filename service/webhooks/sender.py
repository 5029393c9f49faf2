"""Empties the outbox: due messages are claimed and posted, until the service stops.

A claim outlives the longest try, so no message is sent twice at once; one whose sender was killed is sent again with
the same webhook-id, by which receivers know it.
"""

import asyncio
import logging
import random
import secrets
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from service.db import deliveries, webhooks
from service.db.claims import CLAIM_SECONDS
from service.db.database import Database
from service.db.deliveries import DeliveryRow
from service.db.webhooks import WebhookRow
from service.errors import SweepServiceError
from service.loops import Loop
from service.schemas.webhooks import TEST_KIND
from service.webhooks.postman import TRY_SECONDS, Letter, Postman, Receipt

log = logging.getLogger(__name__)

Clock = Callable[[], datetime]

Claimed = tuple[DeliveryRow, WebhookRow]

MOST_AT_ONCE = 8
POLL_SECONDS = 1.0

PAUSES_SECONDS = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Before the second try, the third …: the schedule of Standard Webhooks, over three days."""
MOST_JITTER = 0.2

assert CLAIM_SECONDS > TRY_SECONDS, "a message could be sent twice at once"


async def send_deliveries(database: Database, postman: Postman, clock: Clock, loop: Loop) -> None:
    """Sends what is due, several messages at once, until the process stops; what was begun then is ended."""
    sending: set[asyncio.Task[None]] = set()
    one_ended = asyncio.Event()

    def end(task: asyncio.Task[None]) -> None:
        sending.discard(task)
        one_ended.set()

    async with asyncio.TaskGroup() as tasks:
        while loop.turns():
            one_ended.clear()
            claimed = await _claim_patiently(database, clock, loop) if len(sending) < MOST_AT_ONCE else None
            if claimed is None:
                # The next message to the same webhook may go as soon as the last one has ended.
                with suppress(TimeoutError):
                    await asyncio.wait_for(one_ended.wait(), POLL_SECONDS)
                continue
            task = tasks.create_task(_send_safely(database, postman, clock, *claimed))
            sending.add(task)
            task.add_done_callback(end)


async def claim(database: Database, clock: Clock) -> Claimed | None:
    """The message that has been due longest, with its webhook; None when none is due."""
    now, worker = clock(), secrets.token_hex(4)
    # Looked at first: on SQLite, whoever may write holds up everybody who writes.
    async with database.read() as session:
        if not await deliveries.is_any_due(session, now):
            return None
    async with database.write() as session:
        until = now + timedelta(seconds=CLAIM_SECONDS)
        delivery = await deliveries.claim_due(session, worker, now=now, until=until)
        webhook = None if delivery is None else await webhooks.find(session, delivery.webhook_id)
    return None if delivery is None or webhook is None else (delivery, webhook)


async def send(
    database: Database, postman: Postman, clock: Clock, claimed: DeliveryRow, webhook: WebhookRow
) -> DeliveryRow | None:
    """Posts a message that is claimed and keeps what came of it; the message then, none if the claim was lost."""
    now = clock()
    letter = Letter(webhook.url, webhook.sealed_secrets(now), f"msg_{claimed.id}", claimed.payload)
    receipt = await postman.post(letter, now)
    async with database.write() as session:
        told = await webhooks.find(session, webhook.id, lock=receipt.is_gone)
        delivery = await deliveries.find(session, claimed.id, lock=True)
        if told is None or delivery is None or delivery.claimed_by != claimed.claimed_by:
            return None
        if receipt.is_gone:
            told.is_enabled, told.problem = False, "disabled: the receiver answered 410, it wants no more messages"
            told.version += 1
        _note(delivery, receipt, clock())
    tried = {"webhook": webhook.id, "delivery": claimed.id, "status": receipt.status, "problem": receipt.problem}
    log.info("webhook message tried", extra=tried)
    return delivery


def _note(delivery: DeliveryRow, receipt: Receipt, now: datetime) -> None:
    delivery.claimed_by = delivery.claimed_until = None
    delivery.attempts += 1
    delivery.last_status, delivery.problem = receipt.status, receipt.problem
    if receipt.problem is None:
        delivery.delivered_at, delivery.due_at = now, None
        return
    # A person waits for what comes of a test: trying it again tomorrow would tell nobody.
    is_last = receipt.is_gone or delivery.kind == TEST_KIND or delivery.attempts > len(PAUSES_SECONDS)
    if is_last:
        delivery.due_at = None
        delivery.problem = f"given up after {delivery.attempts} tries: {receipt.problem}"
        return
    pause_seconds = PAUSES_SECONDS[delivery.attempts - 1] * random.uniform(1, 1 + MOST_JITTER)  # noqa: S311  # jitter
    delivery.due_at = now + timedelta(seconds=max(pause_seconds, receipt.retry_after_seconds))


async def _claim_patiently(database: Database, clock: Clock, loop: Loop) -> Claimed | None:
    try:
        return await claim(database, clock)
    except SweepServiceError as error:
        log.warning("webhooks wait", extra={"reason": error.detail})
        loop.waits_for(f"webhooks wait: {error.detail}")
    except Exception:  # whatever it is, the next look may succeed, and what is being sent is sent
        log.exception("webhooks wait")
    return None


async def _send_safely(
    database: Database, postman: Postman, clock: Clock, claimed: DeliveryRow, webhook: WebhookRow
) -> None:
    # What is not kept now is sent again when the claim has run out.
    try:
        await send(database, postman, clock, claimed, webhook)
    except SweepServiceError as error:
        log.warning("webhook message not kept", extra={"delivery": claimed.id, "reason": error.detail})
    except Exception:  # whatever it is, the other messages are sent
        log.exception("webhook message failed", extra={"delivery": claimed.id})
