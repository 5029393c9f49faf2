"""The API on a real database, called in process; the background loops are not running."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fakes.keys import headers_of
from fakes.ledger import World
from fakes.tracking import FakeTrackingStore, server_of

from service.auth.first_key import make_first_key
from service.main import build_app
from service.schemas.keys import Scope


@pytest.fixture
def store() -> FakeTrackingStore:
    """The tracking server that the service shows sweeps in."""
    return FakeTrackingStore()


@pytest.fixture
async def api(world: World, store: FakeTrackingStore) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the first key of the service."""
    app = build_app(world.settings)
    app.state.parts.database, app.state.parts.clusters = world.database, world.clusters
    app.state.parts.clock = world.clock
    app.state.parts.tracking = server_of(store)
    await make_first_key(world.database, world.settings.api_key_file, world.clock())
    key = world.settings.api_key_file.read_text().strip()
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://service", headers=headers) as client:
        yield client


@pytest.fixture
async def stranger(world: World, api: httpx.AsyncClient) -> dict[str, str]:
    """Headers with the key of somebody else, who is no admin."""
    return await headers_of(world, "stranger", Scope.WRITE)
