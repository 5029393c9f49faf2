"""Pausing, resuming, extending and trying again: what the ledger does with runners and trials."""

import pytest
from fakes.ledger import OWNER, World, completed, lost, small_spec, step

from search_spaces.outcomes import Outcome
from search_spaces.runner_protocol import Finished, TrialEnding
from service.db import events, runners, sweeps, trials
from service.errors import InvalidSpec, PreconditionFailed, QuotaExceeded, WrongState
from service.ledger import sweeps as ledger_sweeps
from service.lifecycle import RunnerState, SweepState, TrialState
from service.operations.preconditions import etag_of
from service.operations.steering import change_sweep, extend_sweep, retry_failed
from service.schemas.steering import ExtendRequest, RetryRequest, SweepPatch
from service.settings import Quota


async def move(world: World, sweep_id: str, *states: SweepState) -> None:
    async with world.database.write() as session:
        sweep = await sweeps.get(session, sweep_id, lock=True)
        for state in states:
            await ledger_sweeps.move(session, sweep, state, world.clock())


async def kinds(world: World, sweep_id: str) -> list[str]:
    async with world.database.read() as session:
        return [row.kind for row in await events.after(session, sweep_id, 0, limit=1000)]


async def runner_state(world: World, runner_id: str) -> RunnerState:
    async with world.database.read() as session:
        row = await runners.find(session, runner_id)
    assert row is not None
    return row.state


async def test_paused_runner_gives_its_trials_back_and_is_done(world: World) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t1")
    await runner.report(results=[step("t1", 1, checkpoint="000000/epoch-1.pt")])
    await world.pause(sweep_id)
    assert (await runner.report()).drain
    assert isinstance(await runner.ask("t2"), Finished)
    assert await runner_state(world, runner.opened.runner_id) is RunnerState.LIVE, "its trial would be forgotten"
    await runner.report(lost=[lost("t1")])
    assert await runner_state(world, runner.opened.runner_id) is RunnerState.FINISHED
    trial = (await world.trials(sweep_id))[0]
    assert (trial.state, trial.checkpoint, trial.losses) == (TrialState.PLANNED, "000000/epoch-1.pt", 0)


async def test_trial_that_ends_while_its_runner_drains_has_ended(world: World) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t1")
    await world.pause(sweep_id)
    await runner.report(outcomes=[completed("t1")])
    assert (await world.trials(sweep_id))[0].outcome is Outcome.COMPLETED
    assert await runner_state(world, runner.opened.runner_id) is RunnerState.FINISHED


async def test_drained_trials_are_never_lost_too_often(world: World) -> None:
    sweep_id = await world.create()
    for round_number in range(2 * world.settings.max_attempts):
        runner = await world.open_runner(sweep_id)
        await runner.take(f"t{round_number}")
        await world.pause(sweep_id)
        await runner.report(lost=[lost(f"t{round_number}")])
        await world.resume(sweep_id)
    trial = (await world.trials(sweep_id))[0]
    assert (trial.state, trial.outcome) == (TrialState.PLANNED, None)
    assert trial.attempts == 2 * world.settings.max_attempts


async def test_time_of_a_pause_is_no_part_of_the_wall_clock(world: World) -> None:
    sweep_id = await world.create()
    await pause_for(world, sweep_id, 100)
    assert (await world.sweep(sweep_id)).state is SweepState.QUEUED
    await move(world, sweep_id, SweepState.RUNNING)
    world.clock.turn(10)
    await pause_for(world, sweep_id, 1000)
    world.clock.turn(5)
    await pause_for(world, sweep_id, 1000)
    sweep = await world.sweep(sweep_id)
    assert sweep.state is SweepState.RUNNING
    assert sweep.running_seconds(world.clock()) == 15.0


async def pause_for(world: World, sweep_id: str, seconds: float) -> None:
    """Pauses and resumes, each twice, as a client does that lost the answer."""
    for _ in range(2):
        await world.pause(sweep_id)
    world.clock.turn(seconds)
    assert (await world.sweep(sweep_id)).running_seconds(world.clock()) < 100
    for _ in range(2):
        await world.resume(sweep_id)


async def test_cancelled_sweep_can_be_neither_paused_nor_resumed(world: World) -> None:
    sweep_id = await world.create()
    await world.cancel(sweep_id)
    with pytest.raises(WrongState, match="cannot be paused; accepted: queued or running"):
        await world.pause(sweep_id)
    with pytest.raises(WrongState, match="cannot be resumed"):
        await world.resume(sweep_id)


async def test_change_holds_although_the_sweep_has_begun_to_run_since_it_was_seen(world: World) -> None:
    sweep_id = await world.create()
    seen = etag_of((await world.sweep(sweep_id)).version)
    await move(world, sweep_id, SweepState.RUNNING)
    async with world.database.write() as session:
        await change_sweep(session, world.clusters, sweep_id, SweepPatch(max_concurrent=7), seen, world.clock())
    assert etag_of((await world.sweep(sweep_id)).version) != seen


async def test_whatever_its_owner_does_makes_another_version(world: World) -> None:
    sweep_id = await world.create()
    versions = [(await world.sweep(sweep_id)).version]
    for act in (world.pause, world.resume, world.cancel):
        for _again in range(2):
            await act(sweep_id)
        versions.append((await world.sweep(sweep_id)).version)
    await move(world, sweep_id, SweepState.CANCELLED)
    async with world.database.write() as session:
        await retry_failed(session, sweep_id, RetryRequest(outcomes=[Outcome.CANCELLED]), None, world.clock())
    versions.append((await world.sweep(sweep_id)).version)
    await extend_sweep(world.database, sweep_id, ExtendRequest(configurations=8), None, world.clock())
    versions.append((await world.sweep(sweep_id)).version)
    assert versions == [1, 2, 3, 4, 5, 6]


async def test_change_is_refused_on_a_version_that_was_not_seen(world: World) -> None:
    sweep_id = await world.create()
    patch = SweepPatch.model_validate({"max_concurrent": 7})
    async with world.database.write() as session:
        with pytest.raises(PreconditionFailed):
            await change_sweep(session, world.clusters, sweep_id, patch, '"99"', world.clock())
        await change_sweep(session, world.clusters, sweep_id, patch, '"1"', world.clock())
    sweep = await world.sweep(sweep_id)
    assert (sweep.spec.resources.max_concurrent, sweep.version) == (7, 2)


async def test_change_that_changes_nothing_leaves_no_trace(world: World) -> None:
    sweep_id = await world.create()
    patch = SweepPatch.model_validate({"priority": 0, "labels": {"nobody": None}})
    async with world.database.write() as session:
        await change_sweep(session, world.clusters, sweep_id, patch, None, world.clock())
    assert (await world.sweep(sweep_id)).version == 1
    assert "sweep.changed" not in await kinds(world, sweep_id)


async def test_limit_and_label_are_taken_away_by_null(world: World) -> None:
    sweep_id = await world.create(small_spec(budget={"wall_clock": 60}, labels={"team": "vision", "run": "1"}))
    patch = SweepPatch.model_validate({"budget": {"wall_clock": None}, "labels": {"team": None, "new": "yes"}})
    async with world.database.write() as session:
        await change_sweep(session, world.clusters, sweep_id, patch, None, world.clock())
    spec = (await world.sweep(sweep_id)).spec
    assert spec.budget.wall_clock is None
    assert spec.labels == {"run": "1", "new": "yes"}


async def test_raised_concurrency_lets_the_same_runner_have_more(world: World) -> None:
    sweep_id = await world.create(small_spec(resources={"max_concurrent": 1}))
    runner = await world.open_runner(sweep_id)
    await runner.take("t1")
    assert (await runner.ask("t2")).kind == "wait"
    async with world.database.write() as session:
        patch = SweepPatch(max_concurrent=2)
        await change_sweep(session, world.clusters, sweep_id, patch, None, world.clock())
    await runner.take("t2")


async def test_extended_sweep_keeps_its_trials_and_gets_more(world: World) -> None:
    sweep_id = await world.create()
    before = {trial.number: trial.config_document for trial in await world.trials(sweep_id)}
    for _ in range(2):
        await extend_sweep(world.database, sweep_id, ExtendRequest(configurations=5), None, world.clock())
    after = {trial.number: trial.config_document for trial in await world.trials(sweep_id)}
    assert sorted(after) == list(range(10))
    assert {number: after[number] for number in before} == before
    assert (await world.sweep(sweep_id)).spec.design.configurations == 5
    assert (await kinds(world, sweep_id)).count("sweep.extended") == 1


async def test_sweep_never_shrinks(world: World) -> None:
    sweep_id = await world.create()
    with pytest.raises(WrongState, match="only grows"):
        await extend_sweep(world.database, sweep_id, ExtendRequest(configurations=1), None, world.clock())
    with pytest.raises(InvalidSpec, match=r"at most 10,000 trials"):
        await extend_sweep(world.database, sweep_id, ExtendRequest(configurations=9000), None, world.clock())


async def finished_sweep(world: World, ending: Outcome) -> str:
    """A failed sweep with one trial that ended so, and three that completed."""
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    for index in range(4):
        await runner.take(f"t{index}")
        outcome = completed(f"t{index}")
        if index == 0:
            outcome = TrialEnding(tune_trial_id="t0", outcome=ending, reason="why", attempt_device_seconds=2.0)
        await runner.report(outcomes=[outcome])
    await move(world, sweep_id, SweepState.RUNNING)
    async with world.database.write() as session:
        sweep = await sweeps.get(session, sweep_id, lock=True)
        await ledger_sweeps.cut(
            session, world.settings, sweep, SweepState.FAILED, world.clock(), "too many trials failed"
        )
    await move(world, sweep_id, SweepState.FAILED)
    return sweep_id


async def test_failed_trials_are_tried_again_and_stay_charged(world: World) -> None:
    sweep_id = await finished_sweep(world, Outcome.FAILED)
    async with world.database.write() as session:
        await retry_failed(session, sweep_id, RetryRequest(), None, world.clock())
    sweep = await world.sweep(sweep_id)
    assert (sweep.state, sweep.ended_at, sweep.started_at) == (SweepState.QUEUED, None, None)
    trial = (await world.trials(sweep_id))[0]
    assert (trial.state, trial.outcome, trial.device_seconds) == (TrialState.PLANNED, None, 2.0)
    runner = await world.open_runner(sweep_id)
    assert (await runner.take("again")).attempt == 2
    await runner.report(outcomes=[completed("again", seconds=3.0)])
    trial = (await world.trials(sweep_id))[0]
    assert (trial.outcome, trial.device_seconds) == (Outcome.COMPLETED, 5.0)


async def test_answers_about_the_objective_are_not_taken_back(world: World) -> None:
    sweep_id = await finished_sweep(world, Outcome.DIVERGED)
    async with world.database.write() as session:
        with pytest.raises(WrongState, match="none of its trials ended as failed"):
            await retry_failed(session, sweep_id, RetryRequest(), None, world.clock())
        with pytest.raises(WrongState, match="ended as diverged stand"):
            await retry_failed(session, sweep_id, RetryRequest(outcomes=[Outcome.DIVERGED]), None, world.clock())


async def test_quota_of_running_trials_is_over_all_sweeps_of_an_owner(world: World) -> None:
    world.settings = world.settings.model_copy(update={"quotas": {"default": Quota(running_trials=1)}})
    first, second = await world.create(), await world.create()
    one, other = await world.open_runner(first), await world.open_runner(second)
    await one.take("t1")
    assert (await one.ask("t2")).kind == "wait"
    assert (await other.ask("t1")).kind == "wait"
    await one.report(outcomes=[completed("t1")])
    world.clock.turn(10)
    await other.take("t1")


async def test_quota_of_device_hours_refuses_new_sweeps(world: World) -> None:
    world.settings = world.settings.model_copy(update={"quotas": {OWNER: Quota(device_hours=0.001)}})
    runner = await world.open_runner(await world.create())
    await runner.take("t1")
    await runner.report(outcomes=[completed("t1", seconds=4.0)])
    with pytest.raises(QuotaExceeded, match=r"0\.00 device-hours in 30 days"):
        await world.create()
    world.clock.turn(31 * 24 * 3600)
    await world.create()


async def test_higher_priority_gets_every_trial_while_it_wants_more(world: World) -> None:
    low, high = await world.create(), await world.create(small_spec(priority=5))
    slow, fast = await world.open_runner(low), await world.open_runner(high)
    await fast.take("t1")
    assert (await slow.ask("t1")).kind == "wait", "the other may want another one"
    await fast.take("t2")
    await slow.take("t1")  # the other runs as many as it may


async def test_equal_sweeps_share_a_cluster_in_turns(world: World) -> None:
    older = await world.create(small_spec(resources={"max_concurrent": 9}))
    world.clock.turn(1)
    newer = await world.create(small_spec(resources={"max_concurrent": 9}))
    one, other = await world.open_runner(older), await world.open_runner(newer)
    await one.take("t1")
    await other.take("t1")
    assert (await other.ask("t2")).kind == "wait", "the older one comes first"
    await one.take("t2")
    await other.take("t2")


async def test_nobody_waits_for_a_runner_that_asks_no_more(world: World) -> None:
    low, high = await world.create(), await world.create(small_spec(priority=5))
    slow, fast = await world.open_runner(low), await world.open_runner(high)
    await fast.take("t1")
    world.clock.turn(10)
    await slow.take("t1")


async def test_nobody_waits_for_a_sweep_that_has_no_trial_left(world: World) -> None:
    many = {"max_concurrent": 9}
    low = await world.create(small_spec(resources=many))
    high = await world.create(small_spec(priority=5, resources=many, design={"configurations": 1}))
    slow, fast = await world.open_runner(low), await world.open_runner(high)
    await fast.take("t1")
    assert (await slow.ask("t1")).kind == "wait", "the other has another one"
    await fast.take("t2")
    await slow.take("t1")
    await fast.report(lost=[lost("t2")])
    assert (await slow.ask("t2")).kind == "wait", "it has one again"
    await fast.take("t3")
    await slow.take("t2")


async def test_nobody_waits_for_a_search_that_has_drawn_all_its_trials(world: World) -> None:
    many, search = {"max_concurrent": 9}, {"kind": "search", "sampler": "random", "configurations": 1}
    low = await world.create(small_spec(resources=many))
    high = await world.create(small_spec(priority=5, resources=many, design=search))
    slow, fast = await world.open_runner(low), await world.open_runner(high)
    await fast.take("t1")
    assert (await slow.ask("t1")).kind == "wait", "the other has one to draw"
    await fast.take("t2")
    await slow.take("t1")


async def test_places_are_those_of_every_trial(world: World) -> None:
    sweep_id = await world.create()
    async with world.database.read() as session:
        assert await trials.places(session, sweep_id) == {
            (arm, point, 0) for arm in ("supcon", "cross_entropy") for point in (0, 1)
        }
