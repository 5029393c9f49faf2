"""A ledger on each kind of database in turn."""

from pathlib import Path

import pytest
from fakes.ledger import World

from service.db.database import Database
from service.settings import Settings


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> World:
    """A ledger on each kind of database in turn."""
    return World(database, Settings(home=tmp_path, lease_seconds=30))
