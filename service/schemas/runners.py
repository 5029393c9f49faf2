"""Runners as the API shows them."""

from datetime import datetime

from pydantic import BaseModel, Field

from service.lifecycle import RunnerState


class RunnerView(BaseModel):
    """Who runs trials of a sweep, or ran them."""

    id: str
    cluster: str = Field(description="Name of the cluster, or `worker:` and the name of a person's own worker.")
    submission_id: str = Field(description="Id of its job on the cluster.")
    state: RunnerState
    reason: str | None = Field(description="Why it was fenced.")
    is_draining: bool = Field(description="It gives its trials back and ends.")
    created_at: datetime
    last_seen_at: datetime | None
    ended_at: datetime | None
