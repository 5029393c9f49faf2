"""What every list takes: how much of it at once, and from where on."""

from typing import Annotated

from fastapi import Query

from service.api.dependencies import NO_NUL

Cursor = Annotated[
    str | None, Query(max_length=500, pattern=NO_NUL, description="The next_cursor of the page before; none starts.")
]
Limit = Annotated[int, Query(ge=1, le=200, description="Most things of a page.")]
