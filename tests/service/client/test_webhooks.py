"""Webhooks through the client. The real service leads none of them to this machine."""

import pytest

from service.client.client import SupsweepClient
from service.client.failures import ApiError
from service.schemas.webhooks import WebhookKind

# A literal address of the open internet, so that nothing is resolved; nothing is sent there either.
URL = "https://93.184.215.14/hook"


def test_a_webhook_is_made_changed_and_deleted(client: SupsweepClient) -> None:
    made = client.create_webhook(URL, kinds=[WebhookKind.TRIAL_LOST])
    assert made.secret.startswith("whsec_")
    assert client.get_webhook(made.id).kinds == [WebhookKind.TRIAL_LOST]
    assert not client.change_webhook(made.id, is_enabled=False).is_enabled
    assert [webhook.id for webhook in client.list_webhooks()] == [made.id]
    assert list(client.list_deliveries(made.id)) == []
    rotated = client.rotate_webhook_secret(made.id, grace_seconds=60)
    assert rotated.secret not in ("", made.secret)
    client.delete_webhook(made.id)
    assert client.list_webhooks(owner="*") == []


def test_a_webhook_to_this_machine_is_refused(client: SupsweepClient) -> None:
    with pytest.raises(ApiError, match="accepted: hosts whose every address is public"):
        client.create_webhook("https://127.0.0.1/hook")
