"""Health as the API shows it."""

from typing import Literal

from pydantic import BaseModel, Field


class PartHealth(BaseModel):
    """How one part of the service does."""

    name: str = Field(description="database, schema, cluster <name>, or the name of a background loop.")
    state: Literal["ok", "degraded", "broken"] = Field(
        description="degraded: something is late, nothing is lost. broken: requests or sweeps suffer."
    )
    detail: str | None = Field(default=None, description="What is wrong, a sentence.")


class Health(BaseModel):
    """Whether the service lives, or which part of it does not."""

    status: Literal["ok", "degraded", "unavailable"] = Field(
        description="unavailable when a part is broken, degraded when one is degraded; only the first is a 503."
    )
    parts: list[PartHealth] = Field(default=[], description="Every part that was looked at.")
