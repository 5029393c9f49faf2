"""Pruning against a study that Optuna keeps itself: the same curves, the same decisions."""

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, SuccessiveHalvingPruner
from optuna.trial import TrialState

from search_spaces.outcomes import Outcome
from search_spaces.sweep_spec import SweepSpec
from service.search.pruning import Curve, should_prune
from service.search.study import new_study

MakeSpec = Callable[..., SweepSpec]
EPOCHS = 15
"""What the demo's supcon arm trains."""


def _prune_online(pruner: BasePruner, curves: list[list[float]], at_once: int) -> list[int | None]:
    """Step at which each trial was pruned, by Optuna itself; `at_once` trials report in turn."""
    study = new_study(name="supcon", pruner=pruner, goals=["maximize"])
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
    """The same by `should_prune`, from nothing but the ledger's rows; numbers of the arm's trials have gaps."""
    ledger: dict[int, Curve] = {}
    pruned_at: list[int | None] = [None] * len(curves)
    for start in range(0, len(curves), at_once):
        batch = range(start, min(start + at_once, len(curves)))
        ledger |= {place: Curve(2 * place, None, {}) for place in batch}
        for step in range(1, EPOCHS + 1):
            for place in batch:
                if pruned_at[place] is None:
                    values = {**ledger[place].values, step: curves[place][step - 1]}
                    ledger[place] = replace(ledger[place], values=values)
                    if should_prune(spec, "supcon", list(ledger.values()), 2 * place, step):
                        pruned_at[place] = step
        for place in batch:
            outcome = Outcome.COMPLETED if pruned_at[place] is None else Outcome.PRUNED
            ledger[place] = replace(ledger[place], outcome=outcome)
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


@pytest.mark.parametrize("at_once", [1, 3])
@pytest.mark.parametrize(("warmup_epochs", "reduction_factor"), [(0, 2), (2, 2), (1, 3)])
def test_hyperband_decides_as_optuna_does(
    search_spec: MakeSpec, at_once: int, warmup_epochs: int, reduction_factor: int
) -> None:
    pruning = {"kind": "hyperband", "warmup_epochs": warmup_epochs, "reduction_factor": reduction_factor}
    curves = _curves(4, 24)
    decided = _prune_rebuilt(search_spec(pruning=pruning), curves, at_once)
    pruner = HyperbandPruner(min_resource=max(1, warmup_epochs), max_resource=EPOCHS, reduction_factor=reduction_factor)
    assert decided == _prune_online(pruner, curves, at_once)
    assert len({step for step in decided if step}) > 1
    assert not all(decided)


def test_hyperband_counts_on_the_most_epochs_that_may_be_drawn(search_spec: MakeSpec) -> None:
    spec = search_spec(pruning={"kind": "hyperband", "reduction_factor": 2})
    document = spec.model_dump(mode="json")
    document["shared"]["epochs"] = {"kind": "choice", "values": [4, 40]}
    curves = _curves(4, 24)
    decided = _prune_rebuilt(SweepSpec.model_validate(document), curves, 1)
    assert decided == _prune_online(HyperbandPruner(min_resource=1, max_resource=40, reduction_factor=2), curves, 1)
    assert decided != _prune_rebuilt(spec, curves, 1)


def test_hyperband_with_a_warm_up_beyond_the_epochs_prunes_nothing(search_spec: MakeSpec) -> None:
    spec = search_spec(pruning={"kind": "hyperband", "warmup_epochs": 100})
    assert not any(_prune_rebuilt(spec, _curves(4, 12), 1))


def test_a_step_is_judged_the_same_when_later_ones_came_with_it(search_spec: MakeSpec) -> None:
    spec = search_spec(pruning={"kind": "asha", "reduction_factor": 3})
    good = Curve(0, Outcome.COMPLETED, dict.fromkeys(range(1, 10), 0.9))
    bad = Curve(1, None, dict.fromkeys(range(1, 6), 0.2))
    decisions = [should_prune(spec, "supcon", [good, bad], 1, step) for step in range(1, 6)]
    assert decisions == [True, False, True, False, False]


def test_without_a_pruner_nothing_is_pruned(search_spec: MakeSpec) -> None:
    good = [Curve(number, None, {1: 0.9}) for number in range(9)]
    assert not should_prune(search_spec(), "supcon", [*good, Curve(9, None, {1: 0.1})], 9, 1)


@pytest.mark.parametrize("kind", ["asha", "hyperband", "median"])
def test_a_trial_without_the_metric_is_left_alone(search_spec: MakeSpec, kind: str) -> None:
    spec = search_spec(pruning={"kind": kind, "startup_trials": 0})
    assert not should_prune(spec, "supcon", [Curve(0, None, {})], 0, 1)
