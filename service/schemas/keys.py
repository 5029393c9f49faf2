"""API keys as the API shows them; a secret is shown once, to whoever made the key."""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from search_spaces.vocabulary import Vocabulary


class Scope(StrEnum):
    """What a key lets its holder do: admin may whatever write may, and write whatever read may."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


def in_order(scopes: Iterable[Scope]) -> tuple[Scope, ...]:
    """Each scope once, the least first."""
    given = {*scopes}
    return tuple(scope for scope in Scope if scope in given)


KeyName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
OwnerName = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._@+-]+$")]

Scopes = Annotated[tuple[Scope, ...], Field(min_length=1, max_length=10), AfterValidator(in_order)]
"""In one order, so that equal requests are written alike."""

Moment = Annotated[AwareDatetime, Field(gt=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(9000, 1, 1, tzinfo=UTC))]
"""A time that every zone and every database has."""


class KeyRequest(Vocabulary):
    """A key that is wanted."""

    name: KeyName = Field(description="What it is for, in its owner's words.")
    owner: OwnerName | None = Field(
        default=None, description="Whom it speaks for; none is the caller. Only an admin may name somebody else."
    )
    scopes: Scopes = Field(
        default=(Scope.WRITE,),
        description="What it allows, no more than the caller's own key; admin includes write, write includes read.",
    )
    expires_at: Moment | None = Field(
        default=None,
        description="When it stops working; none is never. No later than the caller's key, but for admins.",
    )


class KeyChange(Vocabulary):
    """What is to change; what is left out stays."""

    name: KeyName | None = Field(default=None, description="What it is for.")
    expires_at: Moment | None = Field(default=None, description="When it stops working; null is never.")


class KeyRotation(Vocabulary):
    """How a key is replaced."""

    grace_seconds: float = Field(
        default=0, ge=0, le=30 * 86_400, description="How long the old key still works beside the new one."
    )


class KeyView(BaseModel):
    """A key without its secret."""

    id: str
    name: str
    owner: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = Field(description="To the minute.")
    revoked_at: datetime | None


class NewKeyView(KeyView):
    """A key as whoever made it sees it, once."""

    key: str = Field(description="sws_<id>_<secret>: nobody can read it again.")


class KeyPage(BaseModel):
    """Keys, the newest first."""

    items: list[KeyView]
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; none on the last.")
