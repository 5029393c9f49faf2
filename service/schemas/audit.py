"""Audits as the API shows them: where the ledger and what is derived from it disagree."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field


class Part(StrEnum):
    """What the ledger was compared with."""

    LEDGER = "ledger"
    RAY = "ray"
    MLFLOW = "mlflow"


class Disagreement(BaseModel):
    """One thing that is not as the ledger, or its own rules, say."""

    part: Part
    kind: str = Field(description="Stable name of the kind of disagreement.")
    subject: str = Field(description="What it is about: a trial, a runner, a job, a run.")
    detail: str = Field(description="What is, and what should be, in a sentence.")
    is_repairable: bool = Field(description="Whether POST sets it right.")


class NotCompared(BaseModel):
    """A part that gave no answer, so that nothing can be said of it."""

    part: Part
    subject: str
    reason: str


class AuditView(BaseModel):
    """What was found. Nothing found and nothing left out: all agree."""

    sweep_id: str
    at: datetime
    disagreements: list[Disagreement]
    not_compared: list[NotCompared]


class RepairView(BaseModel):
    """What was done, in sentences, and what is left for a person."""

    sweep_id: str
    at: datetime
    done: list[str]
    left: list[Disagreement]
    not_compared: list[NotCompared]
