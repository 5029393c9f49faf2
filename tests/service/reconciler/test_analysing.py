"""The report is made last, of everything that was spent; what keeps it from being made fails no sweep for good."""

from datetime import datetime

import pytest
from fakes.ledger import RunnerDouble, World, completed, step
from fakes.reconciling import reconcile_for, run_to_the_end, runner_rows, state_of, submitted_runner

from search_spaces.runner_protocol import Finished
from service.clusters.protocol import JobState
from service.db import events, reports, runners
from service.db.database import Database
from service.db.reports import ReportRow
from service.db.sweeps import SweepRow
from service.errors import DatabaseUnavailable, ReportNotReady, WrongState
from service.ledger.report import prune
from service.lifecycle import SweepState
from service.operations.reports import get_report_json, make_report
from service.operations.steering import retry_failed
from service.reconciler import analysing
from service.reconciler.claim import Tools
from service.reconciler.loop import take_due_step
from service.robustness.report import RobustnessReport
from service.schemas.steering import RetryRequest


async def ended_sweep(world: World) -> tuple[str, RunnerDouble]:
    """A sweep whose trials have all ended, the last one by pruning; its runner has not heard of that."""
    sweep_id = await world.create()
    await reconcile_for(world)
    runner = await submitted_runner(world, sweep_id)
    for name in ("t0", "t1", "t2"):
        await runner.take(name)
        await runner.report(outcomes=[completed(name)])
    await runner.take("t3")
    await runner.report(results=[step("t3")])
    async with world.database.write() as session:
        row = await runners.find(session, runner.opened.runner_id, lock=True)
        assert row is not None
        await prune(session, row, ["t3"], world.clock())
    return sweep_id, runner


async def stored_report(world: World, sweep_id: str) -> str | None:
    async with world.database.read() as session:
        return await reports.find_json(session, sweep_id)


async def report_of_now(world: World, sweep_id: str) -> str:
    """What the report of the ledger as it stands would be."""
    return (await make_report(world.database, await world.sweep(sweep_id), world.clock())).json


async def test_what_a_pruned_trial_spent_before_its_runner_heard_of_it_is_in_the_report(world: World) -> None:
    sweep_id, runner = await ended_sweep(world)
    await reconcile_for(world, 3)
    assert await state_of(world, sweep_id) is SweepState.ANALYSING
    assert await stored_report(world, sweep_id) is None
    answer = await runner.report(results=[step("t3", 2, attempt_device_seconds=50.0)])
    assert answer.stop == ["t3"]
    assert isinstance(await runner.ask("t4"), Finished)
    world.cluster.becomes(runner.opened.submission_id, JobState.SUCCEEDED)
    await reconcile_for(world, 3)
    assert await state_of(world, sweep_id) is SweepState.SUCCEEDED
    assert (await world.trials(sweep_id))[3].device_seconds == 50.0
    assert await stored_report(world, sweep_id) == await report_of_now(world, sweep_id)


async def test_what_is_told_after_the_report_changes_nothing_that_it_says(world: World) -> None:
    sweep_id, runner = await ended_sweep(world)
    await run_to_the_end(runner)
    await reconcile_for(world, 5)
    assert await state_of(world, sweep_id) is SweepState.SUCCEEDED
    await runner.report(results=[step("t3", 2, attempt_device_seconds=50.0)])
    assert await stored_report(world, sweep_id) == await report_of_now(world, sweep_id)


async def test_report_is_made_anew_when_something_happens_while_it_is_made(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep_id, runner = await ended_sweep(world)
    made = []

    async def make_while_told(database: Database, sweep: SweepRow, now: datetime, *_rest: object) -> ReportRow:
        report = await make_report(database, sweep, now)
        if not made:
            await runner.report(results=[step("t3", 2, attempt_device_seconds=50.0)])
        made.append(report)
        return report

    monkeypatch.setattr(analysing, "make_report", make_while_told)
    await run_to_the_end(runner)
    await reconcile_for(world, 5)
    assert len(made) == 2
    assert await state_of(world, sweep_id) is SweepState.SUCCEEDED
    assert await stored_report(world, sweep_id) == await report_of_now(world, sweep_id)


async def test_database_that_is_away_while_the_report_is_made_fails_no_sweep(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep_id, runner = await ended_sweep(world)
    tries = []

    async def make_at_last(database: Database, sweep: SweepRow, now: datetime, *_rest: object) -> ReportRow:
        tries.append(now)
        if len(tries) == 1:
            raise DatabaseUnavailable("the database does not answer: no connection is free")
        return await make_report(database, sweep, now)

    monkeypatch.setattr(analysing, "make_report", make_at_last)
    await run_to_the_end(runner)
    with pytest.raises(DatabaseUnavailable):
        await reconcile_for(world, 10)
    assert await state_of(world, sweep_id) is SweepState.ANALYSING
    await reconcile_for(world, 60)
    assert await state_of(world, sweep_id) is SweepState.SUCCEEDED


async def test_report_that_could_not_be_made_is_made_again_when_its_owner_asks(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep_id, runner = await ended_sweep(world)
    await run_to_the_end(runner)
    with monkeypatch.context() as patched:
        patched.setattr(analysing, "make_report", _broken)
        await reconcile_for(world, 5)
    sweep = await world.sweep(sweep_id)
    assert (sweep.state, sweep.state_reason) == (SweepState.FAILED, "the report could not be made: a bug")
    assert sweep.ended_at is not None
    async with world.database.read() as session:
        with pytest.raises(ReportNotReady, match="retry-failed"):
            await get_report_json(session, sweep)
    jobs = len(await runner_rows(world, sweep_id))
    await _retry(world, sweep_id)
    assert (await world.sweep(sweep_id)).ended_at is None
    await reconcile_for(world, 5)
    assert await state_of(world, sweep_id) is SweepState.SUCCEEDED
    assert await stored_report(world, sweep_id) == await report_of_now(world, sweep_id)
    assert len(await runner_rows(world, sweep_id)) == jobs
    async with world.database.read() as session:
        told = [
            event.data["new"] for event in await events.after(session, sweep_id, 0, limit=100) if "new" in event.data
        ]
    assert told[-4:] == ["analysing", "failed", "analysing", "succeeded"]


async def test_worker_that_makes_a_report_gets_on_with_each_piece_of_it(world: World) -> None:
    sweep_id, runner = await ended_sweep(world)
    await run_to_the_end(runner)
    noted: list[int] = []
    tools = Tools(world.settings, world.database, world.clusters, world.clock)
    while await state_of(world, sweep_id) is not SweepState.SUCCEEDED:
        world.clock.turn(1)
        noted.clear()
        await take_due_step(tools, "worker", world.clock(), goes_on=lambda: noted.append(1))
    report = RobustnessReport.model_validate_json(await stored_report(world, sweep_id) or "")
    assert len(noted) > len(report.comparisons) > 0, "each comparison, and the page's part about it"


async def test_sweep_that_was_cut_has_no_report_to_try_again(world: World) -> None:
    sweep_id, _runner = await ended_sweep(world)
    await world.cancel(sweep_id)
    await reconcile_for(world, 5)
    with pytest.raises(WrongState, match="none of its trials ended as failed"):
        await _retry(world, sweep_id)


async def _broken(*_arguments: object) -> ReportRow:
    raise ValueError("a bug")


async def _retry(world: World, sweep_id: str) -> None:
    async with world.database.write() as session:
        await retry_failed(session, sweep_id, RetryRequest(), None, world.clock())
