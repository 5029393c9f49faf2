"""Keys through the client: what a new one opens, and what an old one opens no more."""

from datetime import UTC, datetime, timedelta

import pytest
from fakes.running_service import RunningService

from service.client.client import SupsweepClient
from service.client.failures import ApiError
from service.schemas.keys import Scope


def opens(service: RunningService, key: str) -> bool:
    with SupsweepClient(service.url, key) as client:
        try:
            return bool(list(client.list_keys()))
        except ApiError:
            return False


def test_a_key_is_made_changed_rotated_and_revoked(client: SupsweepClient, service: RunningService) -> None:
    made = client.create_key("of a test", owner="colleague", scopes=[Scope.READ])
    assert opens(service, made.key)
    end = datetime.now(UTC) + timedelta(days=1)
    assert client.change_key(made.id, expires_at=end).expires_at == end
    assert client.change_key(made.id, name="renamed").expires_at == end
    assert client.change_key(made.id, expires_at=None).name == "renamed"
    new = client.rotate_key(made.id)
    assert [opens(service, key.key) for key in (made, new)] == [False, True]
    client.revoke_key(new.id)
    assert not opens(service, new.key)
    assert client.get_key(new.id).revoked_at is not None
    assert {key.id for key in client.list_keys(owner="colleague")} == {made.id, new.id}


def test_a_refusal_is_told(client: SupsweepClient, service: RunningService) -> None:
    reader = client.create_key("reader", owner="colleague", scopes=[Scope.READ], expires_at=None)
    with SupsweepClient(service.url, reader.key) as other, pytest.raises(ApiError, match="scope write"):
        other.create_key("more")
