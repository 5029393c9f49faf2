"""Suggestions against a study that Optuna keeps itself, and what a search owes to its ledger."""

import math
from collections.abc import Callable
from dataclasses import replace

import pytest
from optuna.samplers import TPESampler
from optuna.trial import TrialState

from search_spaces.outcomes import Outcome
from search_spaces.space import is_active
from search_spaces.sweep_spec import SweepSpec
from search_spaces.trial_config import TrialConfig
from service.search.coordinates import draw_values
from service.search.slots import derived_seed, slots
from service.search.study import PastTrial, new_study
from service.search.suggestions import draw_next, suggest

MakeSpec = Callable[..., SweepSpec]
RunSearch = Callable[..., list[PastTrial]]


def _score(config: TrialConfig) -> float:
    """Best at a learning-rate multiplier of 2, with lars, at any temperature."""
    return math.exp(-abs(math.log(config.learning_rate_multiplier / 2))) * (0.9 if config.optimizer == "lars" else 0.5)


def _complete(trial: PastTrial) -> PastTrial:
    return replace(trial, outcome=Outcome.COMPLETED, scores=(_score(trial.config),))


def _end_in_many_ways(trial: PastTrial) -> PastTrial:
    if trial.number % 5 == 3:
        return replace(trial, outcome=Outcome.PRUNED, curve={1: _score(trial.config) / 2})
    if trial.number % 7 == 4:
        return replace(trial, outcome=Outcome.DIVERGED)
    return _complete(trial)


def test_suggestions_equal_those_of_a_study_that_optuna_keeps(search_spec: MakeSpec, run_search: RunSearch) -> None:
    spec = search_spec()
    space = spec.space_of(spec.arm("supcon"))
    history = [trial for trial in run_search(spec, 60, _end_in_many_ways) if trial.arm == "supcon"]
    online = new_study(goals=["maximize"])
    for past in history:
        online.sampler = TPESampler(seed=derived_seed(0, "suggestion", "supcon", past.number), constant_liar=True)
        trial = online.ask()
        drawn = draw_values(trial, space)
        assert {name: getattr(past.config, name) for name in drawn} == drawn
        for step, value in past.curve.items():
            trial.report(value, step)
        if past.outcome is Outcome.PRUNED:
            online.tell(trial, state=TrialState.PRUNED)
        else:
            online.tell(trial, [0.1] if past.outcome is Outcome.DIVERGED else past.scores)


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_the_same_history_gives_the_same_trial(search_spec: MakeSpec, run_search: RunSearch, sampler: str) -> None:
    spec = search_spec(sampler=sampler)
    history = run_search(spec, 30, _end_in_many_ways)
    assert draw_next(spec, history) == draw_next(spec, list(reversed(history)))


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_the_order_of_keys_in_the_document_means_nothing(
    search_spec: MakeSpec, run_search: RunSearch, sampler: str
) -> None:
    spec = search_spec(sampler=sampler)
    document = spec.model_dump(mode="json")
    document["shared"] = dict(reversed(document["shared"].items()))
    history = run_search(spec, 30, _complete)
    assert draw_next(SweepSpec.model_validate(document), history) == draw_next(spec, history)


def test_a_search_draws_only_active_factors(search_spec: MakeSpec, run_search: RunSearch) -> None:
    spec = search_spec()
    history = run_search(spec, 40, _complete)
    for number in range(40, 60):
        space = spec.space_of(spec.arm("supcon"))
        values = suggest(spec, "supcon", history, number).values
        assert set(values) == {name for name in space if is_active(space[name], values)}


def test_tpe_learns_where_random_does_not(search_spec: MakeSpec, run_search: RunSearch) -> None:
    means = {}
    for sampler in ("tpe", "random"):
        history = run_search(search_spec(sampler=sampler), 80, _complete)
        late = [trial.scores[0] for trial in history[40:] if trial.scores is not None]
        means[sampler] = sum(late) / len(late)
    assert means["tpe"] > means["random"] + 0.15


def test_trials_that_run_keep_the_next_one_away(search_spec: MakeSpec, run_search: RunSearch) -> None:
    spec = search_spec()
    history = run_search(spec, 40, _complete)
    waiting = [replace(trial, outcome=None, scores=None) for trial in history[-4:]]
    failed = [replace(trial, outcome=Outcome.FAILED, scores=None) for trial in history[-4:]]
    beside, alone = (draw_next(spec, [*history[:-4], *last]) for last in (waiting, failed))
    assert beside.config != alone.config


def test_what_was_tried_in_one_arm_says_nothing_of_the_other(search_spec: MakeSpec, run_search: RunSearch) -> None:
    spec = search_spec()
    history = run_search(spec, 40, _complete)
    worse = [replace(trial, scores=(0.0,)) if trial.arm == "cross_entropy" else trial for trial in history]
    assert draw_next(spec, worse) == draw_next(spec, history)
    assert draw_next(spec, history).arm == "supcon"


def test_replicates_repeat_the_configuration_with_another_seed(search_spec: MakeSpec, run_search: RunSearch) -> None:
    spec = search_spec(replicates=2)
    history = run_search(spec, 4, _complete)
    for first, second in zip(history[:2], history[2:], strict=True):
        assert (first.point, first.replicate, second.point, second.replicate) == (0, 0, 0, 1)
        assert second.config.seed != first.config.seed
        assert second.config == first.config.model_copy(update={"seed": second.config.seed})


def test_the_arms_of_a_search_are_matched_at_their_centres(search_spec: MakeSpec, run_search: RunSearch) -> None:
    history = run_search(search_spec(), 4, _complete)
    assert [(trial.arm, trial.config.epochs) for trial in history[:2]] == [("supcon", 15), ("cross_entropy", 30)]


def test_drawn_epochs_are_not_matched(search_spec: MakeSpec, run_search: RunSearch) -> None:
    document = search_spec().model_dump(mode="json")
    document["shared"]["epochs"] = {"kind": "choice", "values": [3, 4]}
    history = run_search(SweepSpec.model_validate(document), 12, _complete)
    assert {trial.config.epochs for trial in history} == {3, 4}


def test_a_search_that_has_grown_fills_every_slot_once(search_spec: MakeSpec, run_search: RunSearch) -> None:
    small = {"configurations": 2, "replicates": 2, "replicated_fraction": 0.5, "sampler": "random"}
    history = run_search(search_spec(**small), 6, _complete)
    grown = search_spec(**{**small, "configurations": 4})
    added = run_search(grown, 6, _complete, history)
    assert [trial.number for trial in added] == list(range(12))
    assert sorted(trial.slot for trial in added) == sorted(slots(grown))
    assert (added[6].point, added[6].replicate) == (1, 1)
