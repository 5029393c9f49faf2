"""/v1/webhooks: make, list, look, change, rotate the secret, delete, try, see what was sent."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Response

from service.api.dependencies import NO_NUL, OwnerToList, Reader, ReadSession, WiredParts, Writer
from service.api.pages import Cursor, Limit
from service.api.preconditions import IdempotencyKey, IfMatch
from service.operations import webhooks
from service.operations.preconditions import etag_of
from service.schemas.webhooks import (
    DeliveryPage,
    DeliveryView,
    NewWebhookView,
    SecretRotation,
    WebhookChange,
    WebhookPage,
    WebhookRequest,
    WebhookView,
)

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])

TOLD_OF_ENDS = {"url": "https://example.org/hooks/supsweep", "kinds": ["sweep.state", "trial.ended"]}

SHOWN_ONCE = {"Cache-Control": "no-store"}

WebhookId = Annotated[str, Path(max_length=32, pattern=NO_NUL, description="Id of the webhook.")]


@router.post("", status_code=201, operation_id="createWebhook")
async def create_webhook(
    parts: WiredParts,
    caller: Writer,
    request: Annotated[WebhookRequest, Body(examples=[TOLD_OF_ENDS])],
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> NewWebhookView:
    """Makes a webhook of the caller's; its secret, which signs every message, is shown here alone."""
    await webhooks.check_url(parts.postman.addresses, request.url)
    async with parts.database.write() as session:
        webhook = await webhooks.create_webhook(session, parts.vault, caller, request, idempotency_key, parts.clock())
    response.headers.update({"Location": f"/v1/webhooks/{webhook.id}"} | SHOWN_ONCE)
    return webhook


@router.get("", operation_id="listWebhooks")
async def list_webhooks(session: ReadSession, owner: OwnerToList) -> WebhookPage:
    """The caller's webhooks, newest first."""
    return await webhooks.list_webhooks(session, owner)


@router.get("/{webhook_id}", operation_id="getWebhook")
async def get_webhook(session: ReadSession, caller: Reader, webhook_id: WebhookId, response: Response) -> WebhookView:
    """One webhook: where it leads, what it is told of."""
    webhook = await webhooks.find_webhook(session, caller, webhook_id)
    response.headers["ETag"] = etag_of(webhook.version)
    return webhooks.view_webhook(webhook)


@router.patch("/{webhook_id}", operation_id="changeWebhook")
async def change_webhook(
    parts: WiredParts,
    caller: Writer,
    webhook_id: WebhookId,
    change: Annotated[WebhookChange, Body(examples=[{"is_enabled": True}])],
    response: Response,
    if_match: IfMatch = None,
) -> WebhookView:
    """Changes where a webhook leads, what it is told of, or whether it is told at all."""
    if change.url is not None:
        await webhooks.check_url(parts.postman.addresses, change.url)
    async with parts.database.write() as session:
        webhook = await webhooks.change_webhook(session, caller, webhook_id, change, if_match)
    response.headers["ETag"] = etag_of(webhook.version)
    return webhooks.view_webhook(webhook)


@router.post("/{webhook_id}/rotate-secret", operation_id="rotateWebhookSecret")
async def rotate_secret(
    parts: WiredParts,
    caller: Writer,
    webhook_id: WebhookId,
    response: Response,
    rotation: Annotated[SecretRotation, Body(default_factory=SecretRotation, examples=[{"grace_seconds": 3600}])],
    if_match: IfMatch = None,
    idempotency_key: IdempotencyKey = None,
) -> NewWebhookView:
    """Gives a webhook a new secret, shown here alone; the old one signs every message too until the grace is over."""
    now = parts.clock()
    async with parts.database.write() as session:
        webhook, version = await webhooks.rotate_secret(
            session, parts.vault, caller, webhook_id, rotation, if_match, idempotency_key, now
        )
    response.headers.update({"ETag": etag_of(version)} | SHOWN_ONCE)
    return webhook


@router.delete("/{webhook_id}", status_code=204, operation_id="deleteWebhook")
async def delete_webhook(parts: WiredParts, caller: Writer, webhook_id: WebhookId, if_match: IfMatch = None) -> None:
    """Deletes a webhook with all that was to be sent to it."""
    async with parts.database.write() as session:
        await webhooks.delete_webhook(session, caller, webhook_id, if_match)


@router.post("/{webhook_id}/test", operation_id="testWebhook")
async def test_webhook(parts: WiredParts, caller: Writer, webhook_id: WebhookId) -> DeliveryView:
    """Sends a message of the kind webhook.test now, once, and tells what the receiver answered."""
    return await webhooks.test_webhook(parts.database, parts.postman, parts.clock, caller, webhook_id)


@router.get("/{webhook_id}/deliveries", operation_id="listDeliveries")
async def list_deliveries(
    session: ReadSession,
    caller: Reader,
    webhook_id: WebhookId,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> DeliveryPage:
    """What was sent to a webhook or waits to be, newest first."""
    webhook = await webhooks.find_webhook(session, caller, webhook_id)
    return await webhooks.list_deliveries(session, webhook, limit=limit, cursor=cursor)
