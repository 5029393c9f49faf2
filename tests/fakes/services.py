"""Several services on one ledger, each with settings of its own, called in process by an admin."""

from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx
from fakes.ledger import World

from service.main import build_app
from service.settings import Settings
from service.webhooks.addresses import Addresses
from service.webhooks.postman import Postman


@dataclass
class Services:
    """Services on one ledger, with the key of an admin."""

    world: World
    clients: AsyncExitStack
    headers: dict[str, str]

    @property
    def api(self) -> httpx.AsyncClient:
        """A service with usual settings."""
        return self.with_settings()

    def with_settings(self, **settings: Any) -> httpx.AsyncClient:
        """A service with those settings."""
        app = build_app(Settings(home=self.world.settings.home, **settings))
        parts = app.state.parts
        parts.database, parts.clusters, parts.clock = self.world.database, self.world.clusters, self.world.clock
        parts.postman = Postman(parts.vault, Addresses(False, False, public_address))
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://service", headers=self.headers)
        self.clients.push_async_callback(client.aclose)
        return client


async def public_address(_host: str, _port: int) -> list[str]:
    return ["93.184.215.14"]


def parts_of(client: httpx.AsyncClient) -> Any:
    """What the service behind the client is made of."""
    return client._transport.app.state.parts  # type: ignore[attr-defined]
