"""What a person does with webhooks: make, list, look, change, rotate the secret, delete, try, see what was sent."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from service.auth.callers import Caller
from service.db import deliveries, webhooks
from service.db.claims import CLAIM_SECONDS
from service.db.database import Database, Session
from service.db.deliveries import DeliveryRow
from service.db.webhooks import WebhookRow
from service.errors import InvalidRequest, NotFound, TooManyWebhooks
from service.operations.cursors import decode_time_cursor, encode_cursor
from service.operations.idempotency import Idempotency
from service.operations.preconditions import check_version
from service.schemas.webhooks import (
    TEST_KIND,
    DeliveryPage,
    DeliveryState,
    DeliveryView,
    NewWebhookView,
    SecretRotation,
    WebhookChange,
    WebhookPage,
    WebhookRequest,
    WebhookView,
)
from service.vault import Vault
from service.webhooks.addresses import Addresses, UrlRefused
from service.webhooks.postman import Postman
from service.webhooks.sender import send
from service.webhooks.signatures import make_secret

MOST_WEBHOOKS = 20
"""Of one owner: every event that webhooks are told of is written once for each."""


async def check_url(addresses: Addresses, url: str) -> None:
    """Raises InvalidRequest unless the URL may be posted to. Asks DNS: call it outside of transactions."""
    try:
        await addresses.of(url)
    except UrlRefused as refused:
        raise InvalidRequest(str(refused), "/url") from refused


async def create_webhook(
    session: Session, vault: Vault, caller: Caller, request: WebhookRequest, idempotency_key: str | None, now: datetime
) -> NewWebhookView:
    """The new webhook with its secret; the same Idempotency-Key gives the same answer again, until it is rotated.

    Raises TooManyWebhooks and IdempotencyKeyReused.
    """
    creation = Idempotency(caller.owner, idempotency_key, "webhooks", request)
    made_before = await creation.made_before(session)
    if made_before is not None:
        webhook = await find_webhook(session, caller, made_before)
        return _view_again(vault, webhook, secret_number=1)
    if await webhooks.count_of_owner(session, caller.owner) >= MOST_WEBHOOKS:
        raise TooManyWebhooks(
            f"{caller.owner} has {MOST_WEBHOOKS} webhooks already: delete one before you make another"
        )
    secret = make_secret()
    webhook = WebhookRow(
        id=secrets.token_hex(6),
        owner=caller.owner,
        url=request.url,
        sealed_secret=vault.seal(secret),
        kinds=[*request.kinds],
        is_enabled=request.is_enabled,
        created_at=now,
    )
    session.add(webhook)
    creation.remember(session, webhook.id, now)
    return _view_new(webhook, secret)


async def list_webhooks(session: Session, owner: str | None) -> WebhookPage:
    """Every webhook of the owner, everybody's for none, newest first."""
    return WebhookPage(items=[view_webhook(row) for row in await webhooks.of_owner(session, owner)])


async def find_webhook(session: Session, caller: Caller, webhook_id: str, *, lock: bool = False) -> WebhookRow:
    """The caller's webhook of that id, anybody's for an admin. Raises NotFound for others' too."""
    webhook = await webhooks.find(session, webhook_id, lock=lock)
    if webhook is None or caller.sees not in (None, webhook.owner):
        raise NotFound(f"no webhook {webhook_id!r}")
    return webhook


async def change_webhook(
    session: Session, caller: Caller, webhook_id: str, change: WebhookChange, if_match: str | None
) -> WebhookRow:
    """Changes where the webhook leads, what it is told of, or whether. Raises PreconditionFailed."""
    webhook = await find_webhook(session, caller, webhook_id, lock=True)
    check_version(if_match, webhook.version)
    if change.url is not None:
        webhook.url = change.url
    if change.kinds is not None:
        webhook.kinds = [*change.kinds]
    if change.is_enabled is not None:
        webhook.is_enabled, webhook.problem = change.is_enabled, None
    webhook.version += 1
    return webhook


async def rotate_secret(
    session: Session,
    vault: Vault,
    caller: Caller,
    webhook_id: str,
    rotation: SecretRotation,
    if_match: str | None,
    idempotency_key: str | None,
    now: datetime,
) -> tuple[NewWebhookView, int]:
    """The webhook with a new secret and its version; the same Idempotency-Key rotates once, and shows its own secret.

    The old secret signs beside the new one through the grace; one that was rotated before ends at once.
    Raises PreconditionFailed and IdempotencyKeyReused.
    """
    webhook = await find_webhook(session, caller, webhook_id, lock=True)
    creation = Idempotency(caller.owner, idempotency_key, f"webhooks/{webhook_id}/rotations", rotation)
    made_before = await creation.made_before(session)
    if made_before is not None:
        return _view_again(vault, webhook, secret_number=int(made_before)), webhook.version
    check_version(if_match, webhook.version)
    secret = make_secret()
    webhook.sealed_previous_secret = webhook.sealed_secret
    webhook.previous_secret_ends_at = now + timedelta(seconds=rotation.grace_seconds)
    webhook.sealed_secret = vault.seal(secret)
    webhook.secret_number += 1
    webhook.version += 1
    creation.remember(session, str(webhook.secret_number), now)
    return _view_new(webhook, secret), webhook.version


async def delete_webhook(session: Session, caller: Caller, webhook_id: str, if_match: str | None) -> None:
    """Deletes the webhook with all that was to be sent to it. Raises PreconditionFailed."""
    webhook = await find_webhook(session, caller, webhook_id, lock=True)
    check_version(if_match, webhook.version)
    await session.delete(webhook)


async def test_webhook(
    database: Database, postman: Postman, clock: Callable[[], datetime], caller: Caller, webhook_id: str
) -> DeliveryView:
    """What came of a test message that was sent at once, whether the webhook is enabled or not. It is tried once."""
    now = clock()
    async with database.write() as session:
        webhook = await find_webhook(session, caller, webhook_id, lock=True)
        claimed = DeliveryRow(
            webhook_id=webhook.id,
            kind=TEST_KIND,
            payload=deliveries.payload(TEST_KIND, now, {"webhook_id": webhook.id}),
            created_at=now,
            due_at=now,
            claimed_by=secrets.token_hex(4),
            claimed_until=now + timedelta(seconds=CLAIM_SECONDS),
        )
        session.add(claimed)
    sent = await send(database, postman, clock, claimed, webhook)
    if sent is None:
        raise NotFound(f"webhook {webhook_id!r} was deleted while it was tried")
    return _view_delivery(sent)


async def list_deliveries(session: Session, webhook: WebhookRow, *, limit: int, cursor: str | None) -> DeliveryPage:
    """A page of what was or is to be sent to the webhook, newest first."""
    after = None if cursor is None else decode_time_cursor(cursor)
    rows = await deliveries.page(session, webhook.id, limit=limit + 1, after=after)
    last = rows[limit - 1] if len(rows) > limit else None
    next_cursor = encode_cursor(last.created_at.isoformat(), last.id) if last else None
    return DeliveryPage(items=[_view_delivery(row) for row in rows[:limit]], next_cursor=next_cursor)


def view_webhook(row: WebhookRow) -> WebhookView:
    """The webhook as the API shows it."""
    return WebhookView.model_validate(row, from_attributes=True)


def _view_again(vault: Vault, row: WebhookRow, secret_number: int) -> NewWebhookView:
    """What a repeated call gets: its own secret, and no later one, which was shown to somebody else."""
    is_present = row.secret_number == secret_number
    return _view_new(row, vault.open(row.sealed_secret) if is_present else None)


def _view_new(row: WebhookRow, secret: str | None) -> NewWebhookView:
    return NewWebhookView(**view_webhook(row).model_dump(), secret=secret)


def _view_delivery(row: DeliveryRow) -> DeliveryView:
    state = DeliveryState.PENDING if row.due_at is not None else DeliveryState.GIVEN_UP
    if row.delivered_at is not None:
        state = DeliveryState.DELIVERED
    columns = {name: getattr(row, name) for name in DeliveryView.model_fields if name != "state"}
    return DeliveryView(**columns, state=state)
