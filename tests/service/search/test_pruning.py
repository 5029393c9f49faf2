"""Decisions against a study that Optuna keeps itself while several trials report in turn."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from optuna.pruners import BasePruner, MedianPruner, SuccessiveHalvingPruner
from optuna.trial import TrialState

from search_spaces.outcomes import Outcome
from search_spaces.sweep_spec import SweepSpec
from service.search.pruning import should_prune
from service.search.study import PastTrial, new_study
from service.search.suggestions import draw_next

MakeSpec = Callable[..., SweepSpec]
EPOCHS = 15


def _fresh(spec: SweepSpec, number: int, arm: str = "supcon") -> PastTrial:
    config = draw_next(spec, []).config
    return PastTrial(number, arm, number, 0, config, None, None, {})


def _prune_online(pruner: BasePruner, curves: list[list[float]], at_once: int) -> list[int | None]:
    """Step at which each trial was pruned, by Optuna itself; `at_once` trials report in turn."""
    study = new_study(pruner=pruner, direction="maximize")
    pruned_at: list[int | None] = []
    for start in range(0, len(curves), at_once):
        batch = curves[start : start + at_once]
        trials = [study.ask() for _ in batch]
        steps: list[int | None] = [None] * len(batch)
        for step in range(1, EPOCHS + 1):
            for index, trial in enumerate(trials):
                if steps[index] is None:
                    trial.report(batch[index][step - 1], step)
                    steps[index] = step if trial.should_prune() else None
        for index, trial in enumerate(trials):
            if steps[index] is None:
                study.tell(trial, batch[index][-1])
            else:
                study.tell(trial, state=TrialState.PRUNED)
        pruned_at += steps
    return pruned_at


def _prune_rebuilt(spec: SweepSpec, curves: list[list[float]], at_once: int) -> list[int | None]:
    """The same by `should_prune`, from nothing but the ledger's rows."""
    ledger: dict[int, PastTrial] = {}
    pruned_at: list[int | None] = [None] * len(curves)
    for start in range(0, len(curves), at_once):
        numbers = range(start, min(start + at_once, len(curves)))
        ledger |= {number: _fresh(spec, number) for number in numbers}
        for step in range(1, EPOCHS + 1):
            for number in numbers:
                if pruned_at[number] is None:
                    curve = {**ledger[number].curve, step: curves[number][step - 1]}
                    ledger[number] = replace(ledger[number], curve=curve)
                    if should_prune(spec, list(ledger.values()), ledger[number], step):
                        pruned_at[number] = step
        for number in numbers:
            outcome = Outcome.COMPLETED if pruned_at[number] is None else Outcome.PRUNED
            ledger[number] = replace(ledger[number], outcome=outcome, score=curves[number][-1])
    return pruned_at


def _curves(seed: int, trials: int) -> list[list[float]]:
    noise = random.Random(seed)
    curves = []
    for _ in range(trials):
        ceiling = noise.random()
        curves.append([ceiling * (1 - 0.8**step) + 0.05 * noise.random() for step in range(1, EPOCHS + 1)])
    return curves


@pytest.mark.parametrize("at_once", [1, 3])
@pytest.mark.parametrize("seed", [0, 1])
def test_median_decides_as_optuna_does(search_spec: MakeSpec, at_once: int, seed: int) -> None:
    spec = search_spec(pruning={"kind": "median", "startup_trials": 3, "warmup_epochs": 4})
    curves = _curves(seed, 15)
    decided = _prune_rebuilt(spec, curves, at_once)
    assert decided == _prune_online(MedianPruner(n_startup_trials=3, n_warmup_steps=4), curves, at_once)
    assert any(decided)


@pytest.mark.parametrize("at_once", [1, 3])
@pytest.mark.parametrize("warmup_epochs", [0, 2])
def test_asha_decides_as_optuna_does(search_spec: MakeSpec, at_once: int, warmup_epochs: int) -> None:
    spec = search_spec(pruning={"kind": "asha", "warmup_epochs": warmup_epochs, "reduction_factor": 2})
    curves = _curves(2, 15)
    decided = _prune_rebuilt(spec, curves, at_once)
    pruner = SuccessiveHalvingPruner(min_resource=max(1, warmup_epochs), reduction_factor=2)
    assert decided == _prune_online(pruner, curves, at_once)
    assert any(decided)
    assert not all(decided)


def test_a_step_is_judged_the_same_when_later_ones_came_with_it(search_spec: MakeSpec) -> None:
    spec = search_spec(pruning={"kind": "asha", "reduction_factor": 3})
    good = replace(_fresh(spec, 0), curve=dict.fromkeys(range(1, 10), 0.9))
    bad = replace(_fresh(spec, 1), curve=dict.fromkeys(range(1, 6), 0.2))
    decisions = [should_prune(spec, [good, bad], bad, step) for step in range(1, 6)]
    assert decisions == [True, False, True, False, False]


def test_the_other_arm_sets_no_standard(search_spec: MakeSpec) -> None:
    spec = search_spec(pruning={"kind": "asha"})
    foreign = [replace(_fresh(spec, number, "cross_entropy"), curve={1: 0.9}) for number in range(9)]
    bad = replace(_fresh(spec, 9), curve={1: 0.1})
    assert not should_prune(spec, [*foreign, bad], bad, 1)


def test_without_a_pruner_nothing_is_pruned(search_spec: MakeSpec) -> None:
    spec = search_spec()
    good = [replace(_fresh(spec, number), curve={1: 0.9}) for number in range(9)]
    bad = replace(_fresh(spec, 9), curve={1: 0.1})
    assert not should_prune(spec, [*good, bad], bad, 1)


def test_a_trial_without_the_metric_is_left_alone(search_spec: MakeSpec) -> None:
    for kind in ("asha", "median"):
        spec = search_spec(pruning={"kind": kind, "startup_trials": 0})
        assert not should_prune(spec, [], _fresh(spec, 0), 1)
