"""A ledger in which a sweep has run: trials side by side, their steps and their ends, as runners report them."""

from datetime import UTC, datetime

from search_spaces.outcomes import Outcome
from search_spaces.presets import digits_smoke
from search_spaces.presets.vary import vary
from search_spaces.runner_protocol import ReportRequest, StepResult, TrialEnding
from service.db.database import Database
from service.ledger.runners import OpenedRunner, open_runner
from service.ledger.sweeps import create
from service.operations.runners import ask, report
from service.search.designs import plan_trials
from service.settings import Settings

STEPS = 15
SIDE_BY_SIDE = 32
"""Trials that run at once, so that their events lie between each other."""
METRICS = {
    "train_loss": 1.0,
    "learning_rate": 0.1,
    "images_per_second": 900.0,
    "cpu_use": 0.9,
    "val_top1": 0.5,
    "val_nll": 1.5,
    "system/cpu_utilization_percentage": 80.0,
    "system/system_memory_usage_megabytes": 9000.0,
    "system/system_memory_usage_percentage": 40.0,
}


async def fill_ledger(database: Database, settings: Settings, trials: int) -> str:
    """Id of a sweep in which every trial has completed."""
    configurations = trials // 2
    spec = vary(
        digits_smoke(), design={"configurations": configurations}, resources={"max_concurrent": 2 * SIDE_BY_SIDE}
    )
    async with database.write() as session:
        await create(session, "benchmark", spec, plan_trials(spec), owner="nobody", now=_now())
        opened = await open_runner(session, settings, "benchmark", "none", _now())
    sequence = 0
    for start in range(0, trials, SIDE_BY_SIDE):
        names = [f"t{number}" for number in range(start, min(start + SIDE_BY_SIDE, trials))]
        for name in names:
            await ask(database, settings, _now, opened.runner_id, opened.token, name)
        for step in range(1, STEPS + 1):
            sequence += 1
            await _report(database, settings, opened, sequence, names, step)
    return "benchmark"


async def _report(
    database: Database, settings: Settings, opened: OpenedRunner, sequence: int, names: list[str], step: int
) -> None:
    request = ReportRequest(
        sequence=sequence,
        results=[_step(name, step) for name in names],
        outcomes=[_ending(name) for name in names] if step == STEPS else [],
    )
    await report(database, settings, _now, opened.runner_id, opened.token, request)


def _step(name: str, step: int) -> StepResult:
    return StepResult(
        tune_trial_id=name,
        step=step,
        metrics=METRICS,
        image_passes=1000 * step,
        device_seconds=float(step),
        attempt_device_seconds=float(step),
    )


def _ending(name: str) -> TrialEnding:
    scores = {"val_top1": 0.9, "val_nll": 0.4, "test_top1": 0.9, "test_nll": 0.4}
    return TrialEnding(
        tune_trial_id=name, outcome=Outcome.COMPLETED, scores=scores, attempt_device_seconds=float(STEPS)
    )


def _now() -> datetime:
    return datetime.now(UTC)
