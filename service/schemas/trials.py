"""Trials as the API shows them."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from search_spaces.outcomes import Outcome
from search_spaces.trial_config import TrialConfig
from service.lifecycle import TrialState

_EXAMPLE: dict[str, JsonValue] = {
    "number": 6,
    "arm": "supcon",
    "point": 3,
    "replicate": 0,
    "state": "ended",
    "outcome": "completed",
    "reason": None,
    "score": 0.9674,
    "scores": {"val_top1": 0.9674, "test_top1": 0.9611},
    "facts": {"device": "NVIDIA H100", "release": "0.1.0"},
    "config": {"objective": "supcon", "seed": 1183279054, "temperature": 0.12, "learning_rate_multiplier": 1.7},
    "attempts": 2,
    "image_passes": 36660,
    "device_seconds": 41.2,
    "checkpoint": "4f1d8a20c9be/6/epoch-15.pt",
    "started_at": "2026-11-26T09:12:01Z",
    "ended_at": "2026-11-26T09:13:05Z",
}


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


class AttemptView(BaseModel):
    """One execution of a trial by one runner."""

    number: int = Field(description="1 for the first attempt.")
    runner: str = Field(description="Id of the runner that executed it.")
    cluster: str
    started_at: datetime
    ended_at: datetime | None
    ending: str | None = Field(
        description="The trial's outcome, `lost`, or `drained` when it was to be given back; none while it runs."
    )
    devices: float = Field(description="GPUs that it held, or CPU cores where it held none.")
    device_seconds: float


class TrialDetail(TrialView):
    """One trial with everything that was tried for it."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_EXAMPLE,
                    "history": [
                        {
                            "number": 1,
                            "runner": "4f1d8a20c9be-1",
                            "cluster": "local",
                            "started_at": "2026-11-26T09:12:01Z",
                            "ended_at": "2026-11-26T09:12:20Z",
                            "ending": "lost",
                            "devices": 1,
                            "device_seconds": 19.0,
                        },
                        {
                            "number": 2,
                            "runner": "4f1d8a20c9be-2",
                            "cluster": "local",
                            "started_at": "2026-11-26T09:12:43Z",
                            "ended_at": "2026-11-26T09:13:05Z",
                            "ending": "completed",
                            "devices": 1,
                            "device_seconds": 22.2,
                        },
                    ],
                }
            ]
        }
    )

    history: list[AttemptView] = Field(description="Every attempt, the first one first.")


class TrialPage(BaseModel):
    """Trials by number."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"items": [_EXAMPLE], "next_cursor": "WyI2Il0"}]})

    items: list[TrialView]
    next_cursor: str | None = Field(description="Pass it as `cursor` for the next page; none on the last.")
