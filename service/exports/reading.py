"""Reads an exported table of trials back: the facts that the report was made from, and can be made from again."""

import json
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from search_spaces.trial_config import TrialConfig
from service.exports import csv_text, parquet_file
from service.exports.columns import Cell, Kind
from service.exports.trial_table import (
    CONFIG,
    COST_FIELDS,
    OTHER_SCORES,
    SCORE,
    TRIAL_FIELDS,
    sweep_column_name,
    trial_table,
)
from service.robustness.trials import CurvePoint, SweepHeader, TrialRow

PARQUET_BEGINS = b"PAR1"

Facts = TypeVar("Facts")
_SWEEP, _TRIAL, _CONFIG = TypeAdapter(SweepHeader), TypeAdapter(TrialRow), TypeAdapter(TrialConfig)


def read_trials(file: Path) -> tuple[SweepHeader, list[TrialRow]]:
    """The sweep and its trials, from an export in either form.

    Raises OSError, and ValueError with a sentence for a file that is no whole export of one sweep.
    """
    kinds: dict[str, Kind] = {column.name: column.kind for column in trial_table()}
    with file.open("rb") as stream:
        is_parquet = stream.read(len(PARQUET_BEGINS)) == PARQUET_BEGINS
    rows = (parquet_file if is_parquet else csv_text).read_cells(file, kinds)
    if not rows:
        raise ValueError("it holds no trial")
    if missing := [name for name in kinds if name not in rows[0] and name not in _optional()]:
        raise ValueError(f"it is no export of trials: it has no column {', '.join(missing)}")
    headers = [_header(row, kinds) for row in rows]
    if other := next((header for header in headers if header != headers[0]), None):
        ids = f"{headers[0].sweep_id} and {other.sweep_id}"
        raise ValueError(f"it holds trials of the sweeps {ids}; accepted: one sweep as it was exported at once")
    return headers[0], [_trial(row) for row in rows]


def _optional() -> set[str]:
    """Columns of facts that have a default: an export of an earlier release may lack them."""
    return {sweep_column_name(field.name) for field in fields(SweepHeader) if field.default is not MISSING}


def _header(row: Mapping[str, Cell], kinds: Mapping[str, Kind]) -> SweepHeader:
    facts: dict[str, Any] = {}
    for field in fields(SweepHeader):
        name = sweep_column_name(field.name)
        if row.get(name) is not None:
            facts[field.name] = json.loads(str(row[name])) if kinds[name] == "json" else row[name]
    return _valid(_SWEEP, facts, row)


def _trial(row: Mapping[str, Cell]) -> TrialRow:
    config = {field: row[CONFIG + field] for field in TrialConfig.model_fields if field != "seed"}
    scores = {
        name.removeprefix(SCORE): cell for name, cell in row.items() if name.startswith(SCORE) and cell is not None
    }
    facts: dict[str, Any] = {
        **{name: row[name] for name in (*TRIAL_FIELDS, *COST_FIELDS)},
        "scores": scores | json.loads(str(row[OTHER_SCORES] or "{}")),
        "config": _valid(_CONFIG, config | {"seed": row["seed"]}, row),
        "curve": tuple(CurvePoint(*point) for point in json.loads(str(row["curve"] or "[]"))),
    }
    return _valid(_TRIAL, facts, row)


def _valid(adapter: TypeAdapter[Facts], facts: Mapping[str, Any], row: Mapping[str, Cell]) -> Facts:
    try:
        return adapter.validate_python(facts)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"trial {row['number']} has a {place} that is none: {first['msg']}") from error
