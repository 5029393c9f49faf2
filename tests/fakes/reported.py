"""A sweep that has been run to its end by a runner double, with its report."""

from typing import Any

from fakes.ledger import World, completed, small_spec, step

from search_spaces.outcomes import Outcome
from service.db import reports, sweeps
from service.ledger.sweeps import move
from service.lifecycle import SweepState
from service.operations.reports import make_report


async def reported_sweep(world: World, points: int = 6, match: str = "image_passes", **changes: Any) -> str:
    """Id of a paired sweep of so many points whose trials have ended in several ways, with its report."""
    sweep_id = await world.create(small_spec(design={"configurations": points, "match": match}, **changes))
    runner = await world.open_runner(sweep_id)
    for number in range(2 * points):
        name = f"t{number}"
        await runner.take(name)
        score = 0.5 + (number * 37 % 19) / 40
        curve = [{"val_top1": score - 0.1 / epoch, "train_loss": 1 / 3} for epoch in (1, 2)]
        results = [step(name, epoch, metrics=metrics) for epoch, metrics in enumerate(curve, 1)]
        ending = completed(name, score, seconds=2 + number / 7)
        if number == 5:
            failed = {"outcome": Outcome.DIVERGED, "reason": "=1+1, the loss is NaN", "scores": {}}
            ending = ending.model_copy(update=failed)
        await runner.report(results=results, outcomes=[ending])
    report = await make_report(world.database, await world.sweep(sweep_id), world.clock())
    async with world.database.write() as session:
        await reports.store(session, report)
        sweep = await sweeps.find(session, sweep_id, lock=True)
        assert sweep is not None
        for state in (SweepState.RUNNING, SweepState.ANALYSING, SweepState.SUCCEEDED):
            await move(session, sweep, state, world.clock())
    return sweep_id
