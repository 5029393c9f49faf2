"""What a rebuilt study holds of each kind of past trial."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from optuna import Study
from optuna.samplers import RandomSampler
from optuna.trial import FrozenTrial, TrialState

from search_spaces.outcomes import Outcome
from search_spaces.presets.vary import vary
from search_spaces.sweep_spec import SweepSpec
from service.search.study import PastTrial, rebuild_study
from service.search.suggestions import draw_next


@pytest.fixture
def spec(search_spec: Callable[..., SweepSpec]) -> SweepSpec:
    return search_spec()


@pytest.fixture
def past(spec: SweepSpec) -> PastTrial:
    drawn = draw_next(spec, [])
    return PastTrial(0, drawn.arm, 0, 0, drawn.config, None, None, {1: 0.3, 2: 0.6})


def _study(spec: SweepSpec, history: Sequence[PastTrial], warm: Sequence[PastTrial] = ()) -> Study:
    return rebuild_study(spec, "supcon", history, spec.space_of(spec.arm("supcon")), RandomSampler(), warm)


def _rebuilt(spec: SweepSpec, past: PastTrial, outcome: Outcome | None, score: float | None = None) -> FrozenTrial:
    scores = None if score is None else (score,)
    return _study(spec, [replace(past, outcome=outcome, scores=scores)]).trials[0]


def test_a_completed_trial_is_complete_with_its_score_and_curve(spec: SweepSpec, past: PastTrial) -> None:
    trial = _rebuilt(spec, past, Outcome.COMPLETED, 0.9)
    assert (trial.state, trial.value, trial.intermediate_values) == (TrialState.COMPLETE, 0.9, {1: 0.3, 2: 0.6})


@pytest.mark.parametrize("outcome", [Outcome.DIVERGED, Outcome.COLLAPSED, Outcome.TIMED_OUT])
def test_an_unusable_model_is_complete_at_chance_level(spec: SweepSpec, past: PastTrial, outcome: Outcome) -> None:
    trial = _rebuilt(spec, past, outcome)
    assert (trial.state, trial.value) == (TrialState.COMPLETE, pytest.approx(0.1))


@pytest.mark.parametrize("outcome", [Outcome.INFEASIBLE, Outcome.FAILED, Outcome.CANCELLED])
def test_what_says_nothing_of_the_objective_is_failed(spec: SweepSpec, past: PastTrial, outcome: Outcome) -> None:
    trial = _rebuilt(spec, past, outcome)
    assert (trial.state, trial.value) == (TrialState.FAIL, None)


def test_a_pruned_trial_is_pruned_with_its_curve(spec: SweepSpec, past: PastTrial) -> None:
    trial = _rebuilt(spec, past, Outcome.PRUNED)
    assert (trial.state, trial.intermediate_values) == (TrialState.PRUNED, {1: 0.3, 2: 0.6})


def test_an_unfinished_trial_runs(spec: SweepSpec, past: PastTrial) -> None:
    assert _rebuilt(spec, past, None).state is TrialState.RUNNING


def test_a_study_holds_its_arms_trials_by_number_and_no_others(spec: SweepSpec, past: PastTrial) -> None:
    history = [replace(past, number=number, curve={1: number}) for number in (4, 0, 2)]
    foreign = replace(past, number=1, arm="cross_entropy")
    study = _study(spec, [foreign, *history])
    assert [trial.intermediate_values for trial in study.trials] == [{1: 0}, {1: 2}, {1: 4}]


def test_warm_trials_come_first(spec: SweepSpec, past: PastTrial) -> None:
    warm = replace(past, number=7, curve={1: 9.0})
    study = _study(spec, [past], [warm])
    assert [trial.intermediate_values for trial in study.trials] == [{1: 9.0}, {1: 0.3, 2: 0.6}]


@pytest.mark.parametrize(("metric", "direction"), [("val_top1", "MAXIMIZE"), ("val_nll", "MINIMIZE")])
def test_the_metric_gives_the_direction(spec: SweepSpec, metric: str, direction: str) -> None:
    assert _study(vary(spec, metric={"name": metric}), []).direction.name == direction


def test_several_metrics_give_several_directions_and_values(spec: SweepSpec, past: PastTrial) -> None:
    several = vary(spec, metric=[{"name": "val_nll"}, {"name": "val_top1"}])
    ended = [
        replace(past, outcome=Outcome.COMPLETED, scores=(0.5, 0.9)),
        replace(past, number=1, outcome=Outcome.DIVERGED),
    ]
    study = _study(several, ended)
    assert [direction.name for direction in study.directions] == ["MINIMIZE", "MAXIMIZE"]
    assert [trial.values for trial in study.trials] == [[0.5, 0.9], pytest.approx([math.log(10), 0.1])]
