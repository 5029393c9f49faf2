"""Webhooks: made, listed, changed, rotated, tried, deleted."""

import uuid
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

from service.client.calls import Calls, read
from service.schemas.webhooks import (
    DeliveryPage,
    DeliveryView,
    NewWebhookView,
    WebhookKind,
    WebhookPage,
    WebhookView,
)


class WebhookCalls(Calls):
    """What a person does with webhooks. A new secret is in the answer to its call alone."""

    def create_webhook(self, url: str, *, kinds: Sequence[WebhookKind] = (WebhookKind.SWEEP_STATE,)) -> NewWebhookView:
        """Makes one webhook, however often the call has to be repeated."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        body = {"url": url, "kinds": list(kinds)}
        return read(NewWebhookView, self._call("POST", "/v1/webhooks", json=body, headers=headers))

    def list_webhooks(self, *, owner: str | None = None) -> list[WebhookView]:
        """The caller's webhooks, newest first; an admin may ask for another owner's, or for everybody's with *."""
        query = {} if owner is None else {"owner": owner}
        return read(WebhookPage, self._call("GET", "/v1/webhooks", params=query)).items

    def get_webhook(self, webhook_id: str) -> WebhookView:
        """One webhook."""
        return read(WebhookView, self._call("GET", _path(webhook_id)))

    def change_webhook(self, webhook_id: str, **changes: Any) -> WebhookView:
        """Changes its `url`, its `kinds`, or whether it `is_enabled`."""
        return read(WebhookView, self._call("PATCH", _path(webhook_id), json=changes))

    def rotate_webhook_secret(self, webhook_id: str, *, grace_seconds: float = 86_400.0) -> NewWebhookView:
        """The webhook with a new secret; the old one signs its messages too through the grace."""
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        body = {"grace_seconds": grace_seconds}
        answer = self._call("POST", f"{_path(webhook_id)}/rotate-secret", json=body, headers=headers)
        return read(NewWebhookView, answer)

    def test_webhook(self, webhook_id: str) -> DeliveryView:
        """Sends one message now and tells what the receiver answered."""
        return read(DeliveryView, self._call("POST", f"{_path(webhook_id)}/test"))

    def list_deliveries(self, webhook_id: str) -> Iterator[DeliveryView]:
        """What was sent or waits to be, newest first."""
        for answer in self._pages(f"{_path(webhook_id)}/deliveries", {}):
            yield from read(DeliveryPage, answer).items

    def delete_webhook(self, webhook_id: str) -> None:
        """Deletes the webhook with all that was to be sent to it."""
        self._delete(_path(webhook_id))


def _path(webhook_id: str) -> str:
    return f"/v1/webhooks/{quote(webhook_id, safe='')}"
