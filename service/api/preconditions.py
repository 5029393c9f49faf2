"""The headers of careful changes: ETag out, If-Match in, Idempotency-Key in."""

from typing import Annotated

from fastapi import Header

from service.api.dependencies import NO_NUL

IfMatch = Annotated[
    str | None,
    Header(
        max_length=500,
        pattern=NO_NUL,
        description="The ETag that was seen last: the change is made only if it still holds (412 otherwise).",
    ),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        min_length=1,
        max_length=255,
        pattern=NO_NUL,
        description="Repeating the call with the same key makes no second one.",
    ),
]
