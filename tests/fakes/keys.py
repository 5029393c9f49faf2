"""Keys for tests: stored in the ledger, and handed out as the headers that carry them."""

from typing import Any

from fakes.ledger import World

from service.auth.keys import make_key
from service.schemas.keys import Scope


async def headers_of(world: World, owner: str, *scopes: Scope, **columns: Any) -> dict[str, str]:
    """Headers with a new key of that owner and those scopes; `columns` are set in its row."""
    key = make_key(owner, world.clock(), scopes)
    for name, value in columns.items():
        setattr(key.row, name, value)
    async with world.database.write() as session:
        session.add(key.row)
    return bearer(key.text)


def bearer(text: str) -> dict[str, str]:
    """The headers that carry a key or a token."""
    return {"Authorization": f"Bearer {text}"}


def key_id(headers: dict[str, str]) -> str:
    """The id of the key in the headers."""
    return headers["Authorization"].split("_")[1]
