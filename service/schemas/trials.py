"""Trials as the API shows them."""

from datetime import datetime

from pydantic import BaseModel, Field

from search_spaces.outcomes import Outcome
from search_spaces.trial_config import TrialConfig
from service.lifecycle import TrialState


class TrialView(BaseModel):
    """One configuration × one seed of one arm."""

    number: int
    arm: str
    point: int = Field(description="Index of the drawn configuration; paired arms share it.")
    replicate: int
    state: TrialState
    outcome: Outcome | None
    reason: str | None
    score: float | None = Field(description="Final value of the sweep's metric.")
    scores: dict[str, float]
    facts: dict[str, str] = Field(description="What it ran on: the fingerprint of the images, the device, the release.")
    config: TrialConfig
    attempts: int
    image_passes: int
    device_seconds: float = Field(description="Over all attempts.")
    checkpoint: str | None
    started_at: datetime | None
    ended_at: datetime | None


class TrialPage(BaseModel):
    """Trials by number."""

    items: list[TrialView]
    next_cursor: str | None
