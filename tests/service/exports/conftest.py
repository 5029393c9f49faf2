"""Trials with everything that a cell may hold: long curves, absent scores, texts that a spreadsheet would run."""

from datetime import UTC, datetime, timedelta

import pytest

from search_spaces.outcomes import Outcome
from search_spaces.trial_config import TrialConfig
from service.exports.trial_table import ExportedTrial
from service.robustness.trials import CurvePoint, SweepHeader, TrialRow

REASONS = [
    None,
    "=cmd|'/c calc'!A1",
    "'quoted'",
    'with "quotes", commas\r\nand lines',
    "+1",
    "-1",
    "@x",
    "\tx",
    "ü€ 字",
]


@pytest.fixture
def header() -> SweepHeader:
    return SweepHeader(
        sweep_id="5a11",
        name="digits-stability",
        dataset="digits",
        metric="val_top1",
        goal="maximize",
        chance_level=0.1,
        arms=("supcon", "cross_entropy"),
        design="paired",
        match="image_passes",
        note="=it was cancelled by its owner",
        further_metrics=("val_nll",),
    )


@pytest.fixture
def rows(header: SweepHeader) -> list[ExportedTrial]:
    return [_row(header, number) for number in range(24)]


def _row(header: SweepHeader, number: int) -> ExportedTrial:
    arm = header.arms[number % 2]
    reason = REASONS[number % len(REASONS)]
    score = None if reason else 0.1 + number / 30
    started_at = datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC) + timedelta(seconds=number)
    trial = TrialRow(
        number=number,
        arm=arm,
        point=number // 2,
        replicate=0,
        seed=2**31 - 1 - number,
        outcome=Outcome.COMPLETED if score else (Outcome.DIVERGED if number % 4 else None),
        reason=reason,
        score=score,
        scores={"val_top1": score, "test_nll": 1e-17, "my_metric": 3.0} if score else {},
        image_passes=2444 * number,
        device_seconds=1 / 3 * number,
        attempts=number % 3,
        config=TrialConfig(
            objective=arm,
            seed=2**31 - 1 - number,
            gradient_clip=None if number % 2 else 1.5,
            compile=number % 3 == 0,
            learning_rate_multiplier=10 ** (number / 7 - 2),
        ),
        curve=tuple(CurvePoint(step, 100 * step, 0.1 * step, 1 - 1 / step) for step in range(1, number)),
    )
    return ExportedTrial(
        header, trial, "ended", {"device": "cpu", "images": "=1+1"}, f"5a11/{number}", started_at, None
    )
