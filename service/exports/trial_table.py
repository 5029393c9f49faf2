"""The table of trials: one row per trial, with all that the report is made from, so that it can be made again.

What holds for the whole sweep is repeated in every row: one file is enough, and files of several sweeps can be joined.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from typing import get_type_hints

from search_spaces.metrics import METRICS
from search_spaces.trial_config import TrialConfig
from service.exports.columns import Cell, Column, kind_of
from service.robustness.trials import SweepHeader, TrialRow

CONFIG = "config."
SCORE = "score."
OTHER_SCORES = "other_scores"
TRIAL_FIELDS = ("number", "arm", "point", "replicate", "seed", "outcome", "reason", "score")
COST_FIELDS = ("attempts", "image_passes", "device_seconds")

_DESCRIPTIONS = {
    "number": "Number of the trial in its sweep, from 0.",
    "arm": "Name of its arm.",
    "point": "Index of the drawn configuration; paired arms share it.",
    "replicate": "Index of the seed at this configuration.",
    "seed": "Seed of weights, order and augmentation.",
    "outcome": "How it ended; empty while it has not.",
    "reason": "Why, in a sentence, for all but completed trials.",
    "score": "The sweep's metric at the end, on the validation split; only a completed trial has one.",
    "attempts": "Executions, lost ones among them.",
    "image_passes": "Augmented images passed through the encoder.",
    "device_seconds": "Device-seconds over all attempts.",
}


@dataclass(frozen=True)
class ExportedTrial:
    """A trial as its row shows it: what the report knows of it, and where and when it ran."""

    sweep: SweepHeader
    trial: TrialRow
    state: str
    facts: dict[str, str]
    checkpoint: str | None
    started_at: datetime | None
    ended_at: datetime | None


@cache
def trial_table() -> tuple[Column[ExportedTrial], ...]:
    """The columns in their order: the sweep, the trial, its cost and times, scores, configuration and curve."""
    return (
        *_sweep_columns(),
        *_trial_columns(TRIAL_FIELDS),
        Column("state", "text", "planned, running or ended.", lambda row: row.state),
        *_trial_columns(COST_FIELDS),
        Column("started_at", "time", "When it was first given to a runner.", lambda row: row.started_at),
        Column("ended_at", "time", "When it had its outcome.", lambda row: row.ended_at),
        Column("checkpoint", "text", "Its last checkpoint.", lambda row: row.checkpoint),
        Column("facts", "json", "What it ran on: images, device, release.", lambda row: _json(row.facts)),
        *(_score_column(name) for name in METRICS),
        Column(OTHER_SCORES, "json", "Scores that this release has no name for.", _other_scores),
        *(_config_column(name) for name in TrialConfig.model_fields if name != "seed"),
        Column("curve", "json", "[step, image passes, device-seconds, the sweep's metric] per epoch.", _curve),
    )


def sweep_column_name(field: str) -> str:
    """The column that holds a field of SweepHeader."""
    return field if field.startswith("sweep_") else f"sweep_{field}"


def _sweep_columns() -> list[Column[ExportedTrial]]:
    hints = get_type_hints(SweepHeader)
    return [
        Column(
            sweep_column_name(field.name),
            kind_of(hints[field.name]),
            f"{field.name.replace('_', ' ')} of the sweep, the same in every row.".capitalize(),
            _cell_of_sweep(field.name),
        )
        for field in fields(SweepHeader)
    ]


def _cell_of_sweep(field: str) -> Callable[[ExportedTrial], Cell]:
    def cell(row: ExportedTrial) -> Cell:
        value = getattr(row.sweep, field)
        return _json(value) if isinstance(value, tuple) else value

    return cell


def _trial_columns(names: tuple[str, ...]) -> list[Column[ExportedTrial]]:
    hints = get_type_hints(TrialRow)
    return [Column(name, kind_of(hints[name]), _DESCRIPTIONS[name], _cell_of_trial(name)) for name in names]


def _cell_of_trial(field: str) -> Callable[[ExportedTrial], Cell]:
    return lambda row: getattr(row.trial, field)


def _score_column(metric: str) -> Column[ExportedTrial]:
    return Column(SCORE + metric, "number", METRICS[metric].description, lambda row: row.trial.scores.get(metric))


def _other_scores(row: ExportedTrial) -> str | None:
    others = {name: score for name, score in row.trial.scores.items() if name not in METRICS}
    return _json(others) if others else None


def _config_column(field: str) -> Column[ExportedTrial]:
    described = TrialConfig.model_fields[field]
    return Column(
        CONFIG + field,
        kind_of(described.annotation),
        described.description or "",
        lambda row: getattr(row.trial.config, field),
    )


def _curve(row: ExportedTrial) -> str:
    return _json([[one.step, one.image_passes, one.device_seconds, one.score] for one in row.trial.curve])


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
