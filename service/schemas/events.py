"""Events of a sweep: everything that happened, in order, without a gap."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field


class EventView(BaseModel):
    """One thing that happened. Its sequence is its SSE id."""

    sequence: int = Field(description="1, 2, 3 … within the sweep.")
    kind: str = Field(description="sweep.state, trial.started, trial.step, trial.ended, trial.lost, runner.…")
    at: datetime
    data: dict[str, Any]


class EventPage(BaseModel):
    """Events after a sequence."""

    items: list[EventView]
    last_sequence: int = Field(description="Pass it as `after` for what follows.")
