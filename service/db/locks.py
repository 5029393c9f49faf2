"""Locks with a name, held until the transaction ends."""

from sqlalchemy import text

from service.db.database import Session


async def hold(session: Session, name: str) -> None:
    """Waits until no other transaction holds the lock of that name. Take it after the rows that a step locks."""
    # On SQLite a writing transaction is alone anyway.
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})
