"""Guards know no database, so one kind is enough here."""

from pathlib import Path

import pytest


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """URL of an empty database."""
    return f"sqlite+aiosqlite:///{tmp_path / 'ledger.db'}"
