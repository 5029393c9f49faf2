"""A runner asks: which trial it gets, and when it is told to wait or to go."""

import asyncio

import pytest
from fakes.ledger import World, completed, small_spec, step

from search_spaces.runner_protocol import Finished, TrialAssignment, Wait
from search_spaces.sweep_spec import SweepSpec
from service.errors import RunnerFenced, Unauthenticated
from service.ledger.sweeps import cut
from service.lifecycle import SweepState, TrialState


async def test_trials_are_handed_out_pair_by_pair(world: World) -> None:
    runner = await world.open_runner(await world.create(small_spec(resources={"max_concurrent": 10})))
    arms = [(await runner.take(f"t{index}")).arm for index in range(4)]
    assert arms == ["supcon", "cross_entropy", "supcon", "cross_entropy"]


async def test_same_tune_trial_gets_the_same_trial_again(world: World) -> None:
    runner = await world.open_runner(await world.create())
    assert await runner.take("t1") == await runner.take("t1")


async def test_runner_waits_at_max_concurrent(world: World) -> None:
    runner = await world.open_runner(await world.create(small_spec(resources={"max_concurrent": 1})))
    await runner.take("t1")
    assert isinstance(await runner.ask("t2"), Wait)
    await runner.report(outcomes=[completed("t1")])
    assert isinstance(await runner.ask("t2"), TrialAssignment)


async def test_runner_waits_while_the_last_trial_may_still_be_lost(world: World) -> None:
    runner = await world.open_runner(await world.create(small_spec(resources={"max_concurrent": 4})))
    for index in range(4):
        await runner.take(f"t{index}")
    for index in range(3):
        await runner.report(outcomes=[completed(f"t{index}")])
    assert isinstance(await runner.ask("next"), Wait)
    await runner.report(outcomes=[completed("t3")])
    assert isinstance(await runner.ask("next"), Finished)


async def test_two_runners_never_get_the_same_trial(world: World) -> None:
    sweep_id = await world.create(small_spec(resources={"max_concurrent": 10}))
    runners = [await world.open_runner(sweep_id), await world.open_runner(sweep_id)]
    answers = await asyncio.gather(*[runner.ask(f"t{index}") for index in range(2) for runner in runners])
    numbers = [answer.number for answer in answers if isinstance(answer, TrialAssignment)]
    assert sorted(numbers) == [0, 1, 2, 3]


async def test_wrong_token_is_refused(world: World) -> None:
    runner = await world.open_runner(await world.create())
    with pytest.raises(Unauthenticated):
        await runner.ask("t1", token="not-the-token")


async def test_fenced_runner_is_refused_for_ever(world: World) -> None:
    runner = await world.open_runner(await world.create())
    await runner.take("t1")
    await world.fence(runner)
    with pytest.raises(RunnerFenced):
        await runner.ask("t1")
    with pytest.raises(RunnerFenced):
        await runner.report(results=[step("t1")])


async def test_lost_trial_is_handed_out_again_with_its_last_checkpoint(world: World) -> None:
    sweep_id = await world.create()
    dead = await world.open_runner(sweep_id)
    first = await dead.take("t1")
    await dead.report(results=[step("t1", checkpoint="000000/epoch-000001.pt")])
    await world.fence(dead)
    second = await (await world.open_runner(sweep_id)).take("t1")
    assert second == first.model_copy(update={"attempt": 2, "checkpoint": "000000/epoch-000001.pt"})


async def test_cut_sweep_has_nothing_more(world: World) -> None:
    sweep_id = await world.create()
    await world.open_runner(sweep_id)
    async with world.database.write() as session:
        sweep = await session.get(type(await world.sweep(sweep_id)), sweep_id)
        assert sweep is not None
        await cut(session, world.settings, sweep, SweepState.CANCELLED, world.clock(), "test")
    latecomer = await world.open_runner(sweep_id)
    assert isinstance(await latecomer.ask("t1"), Finished)


def search_spec() -> SweepSpec:
    return small_spec(
        design={"kind": "search", "sampler": "tpe", "configurations": 3}, resources={"max_concurrent": 10}
    )


async def test_search_draws_each_trial_when_it_is_asked_for(world: World) -> None:
    sweep_id = await world.create(search_spec())
    assert await world.trials(sweep_id) == []
    runner = await world.open_runner(sweep_id)
    for index in range(6):
        await runner.take(f"t{index}")
        await runner.report(outcomes=[completed(f"t{index}", score=index / 10)])
    assert isinstance(await runner.ask("next"), Finished)
    trials = await world.trials(sweep_id)
    assert [(trial.number, trial.state) for trial in trials] == [(n, TrialState.ENDED) for n in range(6)]
    assert sorted((trial.arm, trial.point) for trial in trials) == [
        (arm, point) for arm in ("cross_entropy", "supcon") for point in range(3)
    ]


async def test_concurrent_asks_of_a_search_draw_different_trials(world: World) -> None:
    runner = await world.open_runner(await world.create(search_spec()))
    answers = []
    names = [f"t{index}" for index in range(6)]
    while names:
        fresh = await asyncio.gather(*[runner.ask(name) for name in names])
        answers += [answer for answer in fresh if isinstance(answer, TrialAssignment)]
        names = [name for name, answer in zip(names, fresh, strict=True) if isinstance(answer, Wait)]
    assert sorted(answer.number for answer in answers) == [0, 1, 2, 3, 4, 5]
