"""Health as the API shows it."""

from pydantic import BaseModel, Field


class Health(BaseModel):
    """Whether the service lives, or which part of it does not."""

    status: str = Field(description="ok, or unavailable.")
    reasons: list[str] = Field(default=[], description="Sentences that name the broken parts.")
