"""Whatever happens to many trials at once takes as many statements as for one, and is told of each of them."""

from collections.abc import Awaitable, Callable

import pytest
from fakes.ledger import OWNER, RunnerDouble, World, completed, small_spec, step
from fakes.statements import sent_statements

from search_spaces.outcomes import Outcome
from service.db import deliveries, events
from service.db.webhooks import WebhookRow
from service.operations.steering import retry_failed
from service.schemas.steering import RetryRequest

Change = Callable[[World, str, RunnerDouble, list[str]], Awaitable[None]]


async def cancel(world: World, sweep_id: str, _runner: RunnerDouble, _running: list[str]) -> None:
    await world.cancel(sweep_id)


async def fence(world: World, _sweep_id: str, runner: RunnerDouble, _running: list[str]) -> None:
    await world.fence(runner)


async def report_results(_world: World, _sweep_id: str, runner: RunnerDouble, running: list[str]) -> None:
    await runner.report(results=[step(name) for name in running])


async def report_outcomes(_world: World, _sweep_id: str, runner: RunnerDouble, running: list[str]) -> None:
    await runner.report(outcomes=[completed(name) for name in running])


async def retry(world: World, sweep_id: str, _runner: RunnerDouble, _running: list[str]) -> None:
    async with world.database.write() as session:
        await retry_failed(session, sweep_id, RetryRequest(), None, world.clock())


async def running_sweep(world: World, trials: int) -> tuple[str, RunnerDouble, list[str]]:
    """A sweep of so many trials that all run."""
    spec = small_spec(design={"configurations": trials // 2}, resources={"max_concurrent": trials})
    sweep_id = await world.create(spec)
    runner = await world.open_runner(sweep_id)
    names = [f"t{number}" for number in range(trials)]
    for name in names:
        await runner.take(name)
    return sweep_id, runner, names


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (cancel, "trial.ended"),
        (fence, "trial.lost"),
        (report_results, "trial.step"),
        (report_outcomes, "trial.ended"),
        (retry, "trial.retried"),
    ],
)
async def test_many_trials_take_no_more_statements_than_few(world: World, change: Change, kind: str) -> None:
    async with world.database.write() as session:
        session.add(
            WebhookRow(
                id="hook",
                owner=OWNER,
                url="https://example.org",
                sealed_secret="sealed",
                kinds=["trial.ended", "trial.lost"],
                created_at=world.clock(),
            )
        )
    counts = []
    for trials in (2, 8):
        world.clock.turn(10)  # nobody stands in line any more
        sweep_id, runner, names = await running_sweep(world, trials)
        if change is retry:
            failed = {"outcome": Outcome.FAILED, "reason": "a bug"}
            await runner.report(outcomes=[completed(name).model_copy(update=failed) for name in names])
        before = (await world.sweep(sweep_id)).event_count
        with sent_statements(world.database) as sent:
            await change(world, sweep_id, runner, names)
        counts.append(len(sent))
        async with world.database.read() as session:
            told = await events.after(session, sweep_id, before, limit=100)
            messages = [row for row in await deliveries.page(session, "hook", limit=100) if row.sweep_id == sweep_id]
        assert [event.sequence for event in told] == list(range(before + 1, before + 1 + len(told)))
        assert sorted(event.data["number"] for event in told if event.kind == kind) == list(range(trials))
        if kind in ("trial.ended", "trial.lost"):
            assert sum(message.kind == kind for message in messages) == trials
    assert counts[0] == counts[1]
