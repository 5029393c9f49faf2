"""A runner reports: everything is counted once, and only from the runner that is believed."""

import pytest
from fakes.ledger import World, completed, lost, small_spec, step

from search_spaces.outcomes import Outcome
from search_spaces.runner_protocol import LARGEST_COUNT, TrialEnding
from service.db import events, results, runners, trials
from service.errors import ReportOutOfOrder
from service.lifecycle import TrialState


async def test_repeated_report_changes_nothing(world: World) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t1")
    await runner.report(outcomes=[completed("t1", seconds=3.0)])
    before = await world.sweep(sweep_id)
    await runner.report(repeat=True, outcomes=[completed("t1", seconds=3.0)])
    assert (await world.sweep(sweep_id)).event_count == before.event_count
    assert (await world.trials(sweep_id))[0].device_seconds == 3.0


async def test_old_report_that_comes_once_more_after_newer_ones_changes_nothing(world: World) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t1")
    await runner.report(results=[step("t1", 1)])
    await runner.report(results=[step("t1", 2)])
    runner.sequence = 1
    await runner.report(repeat=True, results=[step("t1", 1)])
    async with world.database.read() as session:
        row = await runners.find(session, runner.opened.runner_id)
    assert row is not None
    assert (row.last_sequence, row.progress) == (2, 2)
    runner.sequence = 2
    await runner.report(outcomes=[completed("t1")])


async def test_missing_report_is_noticed(world: World) -> None:
    runner = await world.open_runner(await world.create())
    runner.sequence = 1
    with pytest.raises(ReportOutOfOrder, match="accepted: 1"):
        await runner.report()


async def test_result_is_counted_once_per_step_over_all_attempts(world: World) -> None:
    sweep_id = await world.create()
    dead = await world.open_runner(sweep_id)
    await dead.take("t1")
    await dead.report(results=[step("t1", 1), step("t1", 2)])
    await world.fence(dead)
    heir = await world.open_runner(sweep_id)
    await heir.take("u1")
    await heir.report(results=[step("u1", 2), step("u1", 3)])
    async with world.database.read() as session:
        (curve,) = (await results.of_sweep(session, sweep_id)).values()
    assert [point.step for point in curve] == [1, 2, 3]


async def test_result_is_counted_once_per_step_within_one_report(world: World) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t1")
    await runner.take("t2")
    await runner.report(results=[step("t1", 1), step("t2", 1), step("t1", 1), step("t1", 2)])
    async with world.database.read() as session:
        curves = (await results.of_sweep(session, sweep_id)).values()
    assert sorted([point.step for point in curve] for curve in curves) == [[1], [1, 2]]


async def test_more_images_are_counted_than_32_bits_hold(world: World) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t1")
    await runner.report(results=[step("t1", 1, image_passes=LARGEST_COUNT)])
    assert (await world.trials(sweep_id))[0].image_passes == LARGEST_COUNT


async def test_outcome_of_a_trial_is_its_first(world: World) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t1")
    await runner.report(outcomes=[completed("t1", score=0.9)])
    await runner.report(outcomes=[completed("t1", score=0.1)])
    assert (await world.trials(sweep_id))[0].score == 0.9


async def test_what_a_trial_ran_on_is_kept_however_it_ended(world: World) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t1")
    await runner.take("t2")
    diverged = completed("t2").model_copy(update={"outcome": Outcome.DIVERGED, "reason": "NaN", "scores": {}})
    await runner.report(outcomes=[completed("t1"), diverged])
    assert [trial.facts for trial in (await world.trials(sweep_id))[:2]] == [{"device": "x86_64"}] * 2


async def test_completed_trial_without_the_metric_is_failed(world: World) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t1")
    ending = TrialEnding(tune_trial_id="t1", outcome=Outcome.COMPLETED, scores={}, attempt_device_seconds=1.0)
    await runner.report(outcomes=[ending])
    trial = (await world.trials(sweep_id))[0]
    assert trial.outcome is Outcome.FAILED
    assert "val_top1" in (trial.reason or "")
    async with world.database.read() as session:
        (attempt,) = await trials.attempts_of(session, trial.id)
    assert attempt.ending == Outcome.FAILED


async def test_lost_trial_is_planned_again_and_its_time_is_charged(world: World) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t1")
    world.clock.turn(7)
    await runner.report(lost=[lost("t1")])
    trial = (await world.trials(sweep_id))[0]
    assert (trial.state, trial.outcome, trial.device_seconds) == (TrialState.PLANNED, None, 7.0)


async def test_trial_that_is_lost_too_often_fails(world: World) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    for attempt in range(world.settings.max_attempts):
        assert (await runner.take(f"t{attempt}")).attempt == attempt + 1
        await runner.report(lost=[lost(f"t{attempt}")])
    trial = (await world.trials(sweep_id))[0]
    assert trial.outcome is Outcome.FAILED
    assert "its process was killed" in (trial.reason or "")


async def test_device_seconds_are_the_sum_over_attempts(world: World) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t1")
    world.clock.turn(5)
    await runner.report(results=[step("t1", attempt_device_seconds=9.0)])
    await runner.report(lost=[lost("t1")])
    await runner.take("t2")
    await runner.report(outcomes=[completed("t2", seconds=3.0)])
    assert (await world.trials(sweep_id))[0].device_seconds == 12.0


async def test_epoch_that_a_pruned_trial_trains_before_it_hears_of_it_is_charged(world: World) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t1")
    await runner.report(outcomes=[completed("t1", seconds=3.0)])
    await runner.report(results=[step("t1", 2, attempt_device_seconds=4.5)])
    trial = (await world.trials(sweep_id))[0]
    assert trial.device_seconds == 4.5
    async with world.database.read() as session:
        assert [attempt.device_seconds for attempt in await trials.attempts_of(session, trial.id)] == [4.5]


async def test_runner_is_told_to_stop_a_trial_that_has_ended(world: World) -> None:
    runner = await world.open_runner(await world.create())
    await runner.take("t1")
    await runner.report(outcomes=[completed("t1")])
    assert (await runner.report(results=[step("t1", 2)])).stop == ["t1"]


async def test_events_are_numbered_without_a_gap(world: World) -> None:
    sweep_id = await world.create()
    runner = await world.open_runner(sweep_id)
    await runner.take("t1")
    await runner.report(results=[step("t1")], outcomes=[completed("t1")])
    async with world.database.read() as session:
        rows = await events.after(session, sweep_id, 0, limit=100)
    assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
    assert [row.kind for row in rows] == ["sweep.state", "runner.opened", "trial.started", "trial.step", "trial.ended"]


async def test_median_pruning_ends_the_worse_trial_and_stops_it(world: World) -> None:
    spec = small_spec(
        design={"kind": "search", "sampler": "random", "configurations": 4},
        pruning={"kind": "median", "startup_trials": 1, "warmup_epochs": 0},
        resources={"max_concurrent": 10},
    )
    sweep_id = await world.create(spec)
    runner = await world.open_runner(sweep_id)
    arm = {name: (await runner.take(name)).arm for name in ("a", "b", "c", "d")}
    good, bad = [name for name in arm if arm[name] == "supcon"]
    await runner.report(results=[step(good, metrics={"val_top1": 0.9})])
    await runner.report(outcomes=[completed(good, score=0.95)])
    answer = await runner.report(results=[step(bad, metrics={"val_top1": 0.2})])
    assert answer.stop == [bad]
    outcomes = {trial.outcome for trial in await world.trials(sweep_id) if trial.arm == "supcon"}
    assert outcomes == {Outcome.COMPLETED, Outcome.PRUNED}
