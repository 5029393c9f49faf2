"""Errors as the API shows them: problem+json (RFC 9457)."""

from pydantic import BaseModel, Field

from search_spaces.refusals import Refusal


class Problem(BaseModel):
    """What went wrong, for people and for programs."""

    type: str = Field(default="about:blank", description="Always about:blank; `code` tells problems apart.")
    title: str
    status: int
    detail: str
    code: str = Field(description="Stable name of the problem.")
    errors: list[Refusal] = Field(default=[], description="What is wrong with the body, with JSON pointers.")
    request_id: str | None = Field(default=None, description="Under it the service's log tells more.")
