"""What a search reads of the ledger, on both databases: rows come back as the sampler left them."""

from typing import Any

import pytest
from fakes.ledger import OWNER, World, completed, small_spec, step

from search_spaces.outcomes import Outcome
from search_spaces.runner_protocol import TrialEnding
from search_spaces.sweep_spec import SweepSpec
from service.db import sweeps
from service.errors import NotFound
from service.ledger.history import load_curves, load_earlier, load_history
from service.ledger.turns import IN_LINE_SECONDS
from service.operations.progress import describe_sweep
from service.search.suggestions import draw_next
from service.search.warm_start import CannotWarmStart

RATE = {"kind": "float", "low": 0.1, "high": 10.0, "log": True}


def _search(**changes: Any) -> SweepSpec:
    design = {"kind": "search", "configurations": 20, "sampler": "nsga2", **changes.pop("design", {})}
    arms = [{"name": "a", "objective": "supcon", "base": {"epochs": 2}}]
    shared = {"learning_rate_multiplier": RATE, "label_noise": {"kind": "float", "low": 0.0, "high": 0.5}}
    return SweepSpec.model_validate(
        {
            "name": "search",
            "dataset": {"name": "digits"},
            "arms": arms,
            "shared": shared,
            "design": design,
            "resources": {"max_concurrent": 50},
            **changes,
        }
    )


async def _run(world: World, sweep_id: str, trials: int, score: float = 0.9) -> None:
    runner = await world.open_runner(sweep_id)
    for index in range(trials):
        await runner.take(f"t{index}")
        scores = {"val_top1": score + index / 1000, "val_nll": 1.0 + index / 10}
        ending = completed(f"t{index}").model_copy(update={"scores": scores})
        await runner.report(outcomes=[ending])


async def test_what_the_sampler_noted_comes_back_with_the_trial(world: World) -> None:
    sweep_id = await world.create(_search())
    await _run(world, sweep_id, 10)
    async with world.database.read() as session:
        history = await load_history(session, sweep_id, _search())
    assert [past.attributes for past in history] == [{"NSGAIISampler:generation": number // 8} for number in range(10)]
    assert history[3].scores == (pytest.approx(0.903),)


@pytest.mark.parametrize("sampler", ["tpe", "cmaes", "nsga2"])
async def test_a_search_goes_on_when_the_service_knows_nothing_but_its_rows(world: World, sampler: str) -> None:
    sweep_id = await world.create(_search(design={"sampler": sampler}))
    await _run(world, sweep_id, 20)
    spec = _search(design={"sampler": sampler})
    async with world.database.read() as session:
        history = await load_history(session, sweep_id, spec)
    for number in (1, 9, 19):
        assert draw_next(spec, history[:number]).config == history[number].config


async def test_scores_are_those_of_all_metrics_and_a_trial_without_one_has_none(world: World) -> None:
    spec = _search(metric=[{"name": "val_nll"}, {"name": "val_top1"}])
    sweep_id = await world.create(spec)
    await _run(world, sweep_id, 2)
    runner = await world.open_runner(sweep_id)
    await runner.take("x")
    await runner.report(outcomes=[completed("x")])
    async with world.database.read() as session:
        history = await load_history(session, sweep_id, spec)
    assert [past.scores for past in history] == [(1.0, 0.9), (1.1, pytest.approx(0.901)), None]
    assert [past.outcome for past in history] == [Outcome.COMPLETED, Outcome.COMPLETED, Outcome.FAILED]
    assert history[2].scores is None
    assert (await world.trials(sweep_id))[2].reason == "completed without the sweep's metric val_nll"


async def test_a_pruner_reads_the_curves_of_one_arm_where_the_metric_was_measured(world: World) -> None:
    spec = small_spec(resources={"max_concurrent": 10})
    sweep_id = await world.create(spec)
    runner = await world.open_runner(sweep_id)
    for name in ("first", "second"):
        await runner.take(name)
        unmeasured = step(name, 2, metrics={"train_loss": 0.5})
        await runner.report(results=[step(name), unmeasured, step(name, 3, metrics={"val_top1": 0.123456789012345})])
    async with world.database.read() as session:
        curves = await load_curves(session, sweep_id, spec, "cross_entropy")
    assert [(curve.number, curve.outcome, dict(curve.values)) for curve in curves] == [
        (1, None, {1: 0.5, 3: 0.123456789012345}),
        (3, None, {}),
    ]


async def test_a_search_starts_from_an_earlier_sweep_of_its_owner(world: World) -> None:
    earlier_id = await world.create(_search())
    await _run(world, earlier_id, 12)
    world.clock.turn(IN_LINE_SECONDS + 1)
    spec = _search(warm_start=earlier_id, design={"sampler": "tpe", "seed": 1})
    async with world.database.read() as session:
        earlier = await load_earlier(session, spec)
    assert [past.scores for past in earlier[:2]] == [(0.9,), (pytest.approx(0.901),)]
    warm = await (await world.open_runner(await world.create(spec))).take("t")
    assert warm.config == draw_next(spec, [], earlier).config
    assert warm.config != draw_next(spec, []).config


async def test_a_warm_start_from_nothing_useful_is_refused_and_nothing_is_written(world: World) -> None:
    theirs = await world.create(_search())
    async with world.database.write() as session:
        row = await sweeps.get(session, theirs, lock=True)
        row.owner = f"not {OWNER}"
    for sweep_id in ("nosuchsweep", theirs):
        with pytest.raises(NotFound, match=f"warm_start: no sweep '{sweep_id}'"):
            await world.create(_search(warm_start=sweep_id))
    empty = await world.create(_search())
    with pytest.raises(CannotWarmStart, match="has 0 finished trials"):
        await world.create(_search(warm_start=empty))


async def test_the_trials_on_the_front_are_shown_with_their_arm(world: World) -> None:
    sweep_id = await world.create(_search(metric=[{"name": "val_top1"}, {"name": "val_nll"}]))
    runner = await world.open_runner(sweep_id)
    for index, (top1, nll) in enumerate([(0.9, 0.5), (0.8, 0.6), (0.7, 0.2)]):
        await runner.take(f"t{index}")
        ending = TrialEnding(
            tune_trial_id=f"t{index}",
            outcome=Outcome.COMPLETED,
            scores={"val_top1": top1, "val_nll": nll},
            attempt_device_seconds=1,
        )
        await runner.report(outcomes=[ending])
    async with world.database.read() as session:
        detail = await describe_sweep(session, world.settings, await sweeps.get(session, sweep_id), world.clock())
    assert [(arm.pareto_front, arm.best_score) for arm in detail.arms] == [([0, 2], 0.9)]
