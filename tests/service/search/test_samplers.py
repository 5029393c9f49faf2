"""Optuna's samplers on a study that is rebuilt each time: they draw what they would draw online, and they learn."""

import json
import math
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from optuna.samplers import BaseSampler, CmaEsSampler, GPSampler, NSGAIISampler, TPESampler
from optuna.trial import TrialState

from search_spaces.outcomes import Outcome
from search_spaces.sweep_spec import SweepSpec
from search_spaces.trial_config import TrialConfig
from service.search import samplers
from service.search.coordinates import draw_values
from service.search.samplers import SamplerUnavailable, population_size
from service.search.slots import derived_seed
from service.search.study import PastTrial, new_study
from service.search.suggestions import draw_next, suggest

RunSearch = Callable[..., list[PastTrial]]

RATE = {"kind": "float", "low": 0.01, "high": 100.0, "log": True}
NUMBERS = {
    "learning_rate_multiplier": RATE,
    "label_noise": {"kind": "float", "low": 0.0, "high": 0.9},
    "projection_dim": {"kind": "int", "low": 8, "high": 512, "log": True},
}
MIXED = NUMBERS | {
    "optimizer": {"kind": "choice", "values": ["sgd", "lars"]},
    "momentum": {"kind": "float", "low": 0.0, "high": 0.9, "step": 0.1},
}
CONDITIONAL = MIXED | {
    "momentum": {"kind": "float", "low": 0.0, "high": 0.9, "when": {"optimizer": ["sgd"]}},
    "schedule": {"kind": "choice", "values": ["cosine", "step"], "when": {"optimizer": ["sgd"]}},
}
TWO_GOALS = [{"name": "val_top1"}, {"name": "val_nll"}]
SAMPLERS = ["tpe", "gp", "cmaes", "nsga2", "random"]
MAKERS: dict[str, Callable[[int], BaseSampler]] = {
    "tpe": lambda seed: TPESampler(seed=seed, constant_liar=True),
    "gp": lambda seed: GPSampler(seed=seed, warn_independent_sampling=False),
    "cmaes": lambda seed: CmaEsSampler(seed=seed, warn_independent_sampling=False),
    "nsga2": lambda seed: NSGAIISampler(seed=seed, population_size=8),
}


def _spec(
    sampler: str, space: dict[str, Any], metric: Any = None, configurations: int = 80, seed: int = 0
) -> SweepSpec:
    return SweepSpec.model_validate(
        {
            "name": "search",
            "dataset": {"name": "digits"},
            "arms": [{"name": "supcon", "objective": "supcon", "space": space}],
            "design": {"kind": "search", "sampler": sampler, "configurations": configurations, "seed": seed},
            "metric": metric or {"name": "val_top1"},
        }
    )


def _distance(config: TrialConfig, rate: float = 5.0) -> float:
    """From the best configuration, in units of the ranges."""
    return math.hypot(
        math.log(config.learning_rate_multiplier / rate) / math.log(1e4),
        (config.label_noise - 0.2) / 0.9,
        math.log(config.projection_dim / 128) / math.log(64),
    )


def _complete(trial: PastTrial) -> PastTrial:
    return replace(trial, outcome=Outcome.COMPLETED, scores=(1 - _distance(trial.config),))


def _complete_two(trial: PastTrial) -> PastTrial:
    """Accuracy wants a high learning rate, the loss a low one."""
    scores = (1 - _distance(trial.config, 20.0), _distance(trial.config, 0.2))
    return replace(trial, outcome=Outcome.COMPLETED, scores=scores)


def _end_in_many_ways(trial: PastTrial) -> PastTrial:
    if trial.number % 5 == 3:
        return replace(trial, outcome=Outcome.INFEASIBLE)
    return replace(trial, outcome=Outcome.DIVERGED) if trial.number % 7 == 4 else _complete(trial)


@pytest.mark.parametrize(("sampler", "trials"), [("tpe", 40), ("gp", 12), ("cmaes", 60), ("nsga2", 60)])
def test_suggestions_equal_those_of_a_study_that_optuna_keeps(run_search: RunSearch, sampler: str, trials: int) -> None:
    spec = _spec(sampler, MIXED)
    online = new_study(goals=["maximize"])
    for past in run_search(spec, trials, _end_in_many_ways):
        earlier = online.trials
        online = new_study(
            goals=["maximize"], sampler=MAKERS[sampler](derived_seed(0, "suggestion", "supcon", past.number))
        )
        # With the attributes that Optuna kept. Without its cache of parents, whose order is another than when it was
        # filled, so that NSGA-II online draws otherwise from the second trial of a generation on.
        online.add_trials(earlier)
        trial = online.ask()
        drawn = draw_values(trial, spec.space_of(spec.arm("supcon")))
        assert {name: getattr(past.config, name) for name in drawn} == drawn
        if past.outcome is Outcome.INFEASIBLE:
            online.tell(trial, state=TrialState.FAIL)
        else:
            online.tell(trial, [0.1] if past.outcome is Outcome.DIVERGED else past.scores)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_same_rows_give_the_same_suggestion_whenever_they_are_read(run_search: RunSearch, sampler: str) -> None:
    spec = _spec(sampler, CONDITIONAL)
    history = run_search(_spec("random", CONDITIONAL) if sampler == "gp" else spec, 16, _end_in_many_ways)
    running = run_search(spec, 1, lambda trial: trial, history)
    stored = [replace(past, attributes=json.loads(json.dumps(past.attributes))) for past in running]
    assert draw_next(spec, stored) == draw_next(spec, list(reversed(running)))


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_only_active_factors_are_drawn_and_all_of_them(run_search: RunSearch, sampler: str) -> None:
    spec = _spec(sampler, CONDITIONAL)
    history = run_search(_spec("random", CONDITIONAL) if sampler == "gp" else spec, 16, _complete)
    for number in range(16, 18):
        values = suggest(spec, "supcon", history, number).values
        conditional = {"momentum", "schedule"} if values["optimizer"] == "sgd" else set()
        assert set(values) == {*NUMBERS, "optimizer", *conditional}


@pytest.mark.parametrize(("sampler", "trials"), [("gp", 20), ("cmaes", 60), ("nsga2", 60), ("tpe", 60)])
@pytest.mark.parametrize("space", [NUMBERS, CONDITIONAL])
def test_every_sampler_ends_closer_to_the_best_than_chance(
    run_search: RunSearch, sampler: str, trials: int, space: dict[str, Any]
) -> None:
    learned, random = (
        _better_half([_distance(trial.config) for trial in run_search(_spec(name, space), trials, _complete)])
        for name in (sampler, "random")
    )
    assert learned < 0.75 * random


def test_cmaes_goes_on_when_a_trial_lacks_a_factor_that_all_before_it_had(run_search: RunSearch) -> None:
    mostly = {"kind": "choice", "values": ["sgd", "nesterov", "lars", "adamw", "rmsprop"]}
    space = NUMBERS | {
        "optimizer": mostly,
        "momentum": {"kind": "float", "low": 0.0, "high": 0.9, "when": {"optimizer": mostly["values"][:4]}},
    }
    history = run_search(_spec("cmaes", space, seed=21), 40, _complete)
    first = next(trial.number for trial in history if trial.config.optimizer == "rmsprop")
    assert first > 8, "the seed does not test what it should: no generation ended before"
    assert all("cma:generation" in trial.attributes for trial in history[1:])


def _better_half(losses: Sequence[float]) -> float:
    """The mean of the better half of the later half: what a search tries to find, where others explore."""
    late = sorted(losses[len(losses) // 2 :])
    return mean(late[: len(late) // 2])


@pytest.mark.parametrize("sampler", ["tpe", "nsga2"])
def test_a_search_for_two_goals_finds_the_way_between_them(run_search: RunSearch, sampler: str) -> None:
    # Off the way between the two optima both goals lose.
    learned, random = (
        mean(abs(trial.config.label_noise - 0.2) for trial in run_search(spec, 150, _complete_two)[100:])
        for spec in (_spec(name, NUMBERS, TWO_GOALS, configurations=150) for name in (sampler, "random"))
    )
    assert learned < 0.75 * random


@pytest.mark.slow
def test_gp_draws_for_two_goals(run_search: RunSearch) -> None:
    history = run_search(_spec("random", NUMBERS, TWO_GOALS), 10, _complete_two)
    drawn, by_chance = (draw_next(_spec(name, NUMBERS, TWO_GOALS), history) for name in ("gp", "random"))
    assert drawn.config != by_chance.config


@pytest.mark.slow
def test_a_restarted_service_draws_the_same(run_search: RunSearch) -> None:
    """In a new process, where sets have another order."""
    expected = {name: _drawn_anew(name).model_dump(mode="json") for name in SAMPLERS}
    program = (
        "import json, sys; sys.path.insert(0, sys.argv[1]); import test_samplers as t;"
        "print(json.dumps({name: t._drawn_anew(name).model_dump(mode='json') for name in t.SAMPLERS}))"
    )
    folder = str(Path(__file__).parent)
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", program, folder], env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == expected


def _drawn_anew(sampler: str) -> TrialConfig:
    """The configuration of a trial after eleven, each drawn from those before it."""
    spec = _spec(sampler, CONDITIONAL)
    history: list[PastTrial] = []
    for _ in range(12):
        drawn = draw_next(spec, history)
        place = (drawn.number, drawn.arm, drawn.point, drawn.replicate)
        history.append(_complete(PastTrial(*place, drawn.config, None, None, {}, drawn.search_attributes)))
    return history[-1].config


def test_gp_is_refused_in_a_sentence_where_pytorch_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samplers, "find_spec", lambda name: None)
    with pytest.raises(SamplerUnavailable, match=r"sampler gp needs PyTorch.*accepted: tpe, .*supsweep\[gp\]"):
        draw_next(_spec("gp", MIXED), [])


def test_a_long_search_has_ten_generations_and_none_has_too_small_ones() -> None:
    assert [population_size(trials) for trials in (10, 80, 200, 500, 10_000)] == [8, 8, 20, 50, 50]
