"""What a search takes over from an earlier sweep, and what each sampler makes of it."""

import math
from collections.abc import Callable
from dataclasses import replace
from statistics import mean
from typing import Any

import pytest

from search_spaces.outcomes import Outcome
from search_spaces.presets.vary import vary
from search_spaces.sweep_spec import SweepSpec
from service.search import warm_start
from service.search.study import PastTrial
from service.search.suggestions import draw_next
from service.search.warm_start import CannotWarmStart, check_warm_start, warm_trials

MakeSpec = Callable[..., SweepSpec]
RunSearch = Callable[..., list[PastTrial]]


def _distance(trial: PastTrial) -> float:
    return abs(math.log(trial.config.learning_rate_multiplier / 5))


def _complete(trial: PastTrial) -> PastTrial:
    return replace(trial, outcome=Outcome.COMPLETED, scores=(1 - _distance(trial),))


@pytest.fixture
def spec(search_spec: MakeSpec) -> SweepSpec:
    return vary(search_spec(), warm_start="earlier")


@pytest.fixture
def earlier(search_spec: MakeSpec, run_search: RunSearch) -> list[PastTrial]:
    return run_search(search_spec(sampler="random", seed=5), 40, _complete)


def test_trials_of_the_same_space_are_taken_over_by_the_arm_of_their_objective(
    spec: SweepSpec, earlier: list[PastTrial]
) -> None:
    renamed = [replace(past, arm=f"other {past.arm}", curve={1: 0.5}, attributes={"a": 1}) for past in earlier]
    taken = warm_trials(spec, renamed)
    assert sorted(past.number for past in taken) == [past.number for past in earlier]
    assert all(past.arm == past.config.objective for past in taken)
    assert all((past.curve, past.attributes) == ({}, {}) for past in taken)


def test_what_an_arm_trains_for_is_worked_out_once_however_many_trials_there_are(
    spec: SweepSpec, earlier: list[PastTrial], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    matched_fields = warm_start.matched_fields
    monkeypatch.setattr(
        warm_start, "matched_fields", lambda spec, arm: (asked.append(arm.name), matched_fields(spec, arm))[1]
    )
    assert len(warm_trials(spec, earlier)) == len(earlier)
    assert asked == [arm.name for arm in spec.arms]


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.INFEASIBLE, Outcome.PRUNED, Outcome.CANCELLED, None])
def test_a_trial_that_says_nothing_of_its_end_is_left_out(
    spec: SweepSpec, earlier: list[PastTrial], outcome: Outcome | None
) -> None:
    assert warm_trials(spec, [replace(earlier[0], outcome=outcome, scores=None)]) == []
    assert len(warm_trials(spec, [replace(earlier[0], outcome=Outcome.DIVERGED, scores=None)])) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"learning_rate_multiplier": 10.5},
        {"batch_size": 96},
        {"optimizer": "adamw"},
        {"augmentation": "none"},
        {"epochs": 16},
        {"precision": "bf16"},
        {"temperature": 0.04},
    ],
)
def test_a_trial_outside_of_the_space_is_left_out(
    spec: SweepSpec, earlier: list[PastTrial], changes: dict[str, Any]
) -> None:
    assert len(warm_trials(spec, earlier[:1])) == 1
    outside = replace(earlier[0], config=earlier[0].config.model_copy(update=changes))
    assert warm_trials(spec, [outside]) == []


def test_a_factor_that_is_not_drawn_at_its_condition_must_be_at_base(spec: SweepSpec, earlier: list[PastTrial]) -> None:
    inactive = next(past for past in earlier if past.config.augmentation == "autoaugment")
    assert len(warm_trials(spec, [inactive])) == 1
    moved = inactive.config.model_copy(update={"augmentation_magnitude": 4})
    assert warm_trials(spec, [replace(inactive, config=moved)]) == []


@pytest.mark.parametrize("sampler", ["tpe", "gp", "cmaes", "nsga2"])
def test_a_warm_start_begins_near_what_was_best(run_search: RunSearch, sampler: str) -> None:
    space = {
        "learning_rate_multiplier": {"kind": "float", "low": 0.01, "high": 100.0, "log": True},
        "label_noise": {"kind": "float", "low": 0.0, "high": 0.5},
    }
    document = {
        "name": "warm",
        "dataset": {"name": "digits"},
        "arms": [{"name": "supcon", "objective": "supcon", "space": space}],
        "design": {"kind": "search", "sampler": "random", "configurations": 60, "seed": 3},
    }
    earlier = run_search(SweepSpec.model_validate(document), 60, _complete)
    spec = SweepSpec.model_validate({**document, "design": {**document["design"], "sampler": sampler, "seed": 0}})  # type: ignore[dict-item]
    history: list[PastTrial] = []
    for _ in range(3 if sampler == "gp" else 16):
        drawn = draw_next(spec, history, earlier)
        place = (drawn.number, drawn.arm, drawn.point, drawn.replicate)
        history.append(_complete(PastTrial(*place, drawn.config, None, None, {}, drawn.search_attributes)))
    assert mean(map(_distance, history)) < 0.75 * mean(map(_distance, earlier))


def test_scores_on_other_images_or_by_another_probe_do_not_compare(spec: SweepSpec, earlier: list[PastTrial]) -> None:
    check_warm_start(spec, spec, earlier)
    for changes, words in [
        ({"dataset": {"split_seed": 1}}, "'earlier' has another dataset"),
        ({"evaluation": {"probe": {"kind": "sgd"}}}, "has another evaluation.probe"),
    ]:
        with pytest.raises(CannotWarmStart, match=words):
            check_warm_start(spec, vary(spec, **changes), earlier)


def test_too_few_trials_to_learn_from_are_refused_with_their_number(spec: SweepSpec, earlier: list[PastTrial]) -> None:
    with pytest.raises(CannotWarmStart, match=r"has 0 finished trials .* at least 1,"):
        check_warm_start(spec, spec, [])
    cmaes = vary(spec, design={"sampler": "cmaes"})
    with pytest.raises(CannotWarmStart, match=r"has 9 finished trials .* at least 10,"):
        check_warm_start(cmaes, cmaes, earlier[:18])
    check_warm_start(cmaes, cmaes, earlier[:20])
