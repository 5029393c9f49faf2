"""What every table is built from: the declarative base, the column types, the names of constraints."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, MetaData, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

Json = JSON().with_variant(JSONB(), "postgresql")
"""A JSON document."""

LargeCount = Integer().with_variant(BigInteger(), "postgresql")
"""A count that 32 bits may not hold; SQLite's integers have 64."""

Member = TypeVar("Member", bound=StrEnum)


class Base(DeclarativeBase):
    """Parent of every row."""

    # Named constraints are what migrations can alter on both databases.
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC; SQLite keeps no time zone, so it is put back when a row is read."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The time as it is stored."""
        if value is not None and value.tzinfo is None:
            raise ValueError(f"a time without a zone cannot be stored, got {value!r}")
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The stored time, aware."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Word(TypeDecorator[Member]):
    """A member of an enumeration, stored as its value."""

    impl = String(20)
    cache_ok = True

    def __init__(self, members: type[Member]) -> None:
        super().__init__()
        self.members = members

    def process_bind_param(self, value: Member | None, dialect: Dialect) -> str | None:
        """The member as it is stored."""
        return None if value is None else value.value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Member | None:
        """The stored member."""
        return None if value is None else self.members(value)
