"""The table of curves: one row per trial, epoch and metric, for whoever plots learning and not only its end."""

from dataclasses import dataclass
from datetime import datetime

from service.exports.columns import Column


@dataclass(frozen=True)
class Measurement:
    """One metric of one trial at the end of one epoch."""

    sweep_id: str
    number: int
    arm: str
    point: int
    replicate: int
    step: int
    image_passes: int
    device_seconds: float
    metric: str
    value: float
    reported_at: datetime


CURVE_TABLE: tuple[Column[Measurement], ...] = (
    Column("sweep_id", "text", "Id of the sweep.", lambda row: row.sweep_id),
    Column("number", "integer", "Number of the trial in its sweep.", lambda row: row.number),
    Column("arm", "text", "Name of its arm.", lambda row: row.arm),
    Column("point", "integer", "Index of the drawn configuration.", lambda row: row.point),
    Column("replicate", "integer", "Index of the seed at this configuration.", lambda row: row.replicate),
    Column("step", "integer", "Epochs completed.", lambda row: row.step),
    Column("image_passes", "integer", "Augmented images passed up to this step.", lambda row: row.image_passes),
    Column("device_seconds", "number", "Device-seconds spent to reach this step.", lambda row: row.device_seconds),
    Column("metric", "text", "Name of the metric.", lambda row: row.metric),
    Column("value", "number", "What was measured.", lambda row: row.value),
    Column("reported_at", "time", "When the ledger heard of it.", lambda row: row.reported_at),
)
"""The columns, in their order."""
