"""Pruning: whether a running trial of a search is worth its next epoch, by Optuna's pruners."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import optuna
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, SuccessiveHalvingPruner
from optuna.trial import FrozenTrial, TrialState

from search_spaces.design import Pruning
from search_spaces.metrics import METRICS
from search_spaces.outcomes import Outcome
from search_spaces.sweep_spec import SweepSpec
from service.search.matching import most_epochs
from service.search.study import new_study, state_of

OF_NO_ACCOUNT = 0.0
"""The final score of a trial in a study for a pruner, which looks at curves alone."""


@dataclass(frozen=True)
class Curve:
    """All that a pruner wants to know of a trial: its place among the trials of its arm is that of its number."""

    number: int
    outcome: Outcome | None
    """None while it is planned or running."""
    values: Mapping[int, float]
    """Step → the sweep's metric, as far as it was reported."""


def should_prune(spec: SweepSpec, arm_name: str, curves: Sequence[Curve], number: int, step: int) -> bool:
    """Whether trial `number` should end, judged as it stood when it reported `step`.

    Call it once per reported step, in order: asha and hyperband judge a trial at the first step of each rung, and
    only then. `curves` are those of all trials of the arm.
    """
    if spec.pruning.kind == "none":
        return False
    pruner = _pruner(spec, arm_name)
    study = new_study(name=arm_name, pruner=pruner, goals=[METRICS[spec.score_metric.name].goal])
    ordered = sorted(curves, key=lambda curve: curve.number)
    for place, curve in enumerate(ordered):
        is_judged = curve.number == number
        trial = _frozen_trial(_as_it_stood(curve, step) if is_judged else curve, place)
        # What it reached before this step; the rung that it reaches now is what is judged.
        passed = {at: value for at, value in curve.values.items() if not is_judged or at < step}
        trial.system_attrs = _rungs(spec.pruning, _bracket(pruner, study, trial), passed)
        study.add_trial(trial)
    place = [curve.number for curve in ordered].index(number)
    return bool(pruner.prune(study, study.get_trials(deepcopy=False)[place]))


def _as_it_stood(curve: Curve, step: int) -> Curve:
    return replace(curve, outcome=None, values={at: value for at, value in curve.values.items() if at <= step})


def _frozen_trial(curve: Curve, place: int) -> FrozenTrial:
    """The trial with that number in the study of its arm, without what pruners do not look at."""
    state = state_of(curve.outcome)
    value = OF_NO_ACCOUNT if state is TrialState.COMPLETE else None
    trial = optuna.create_trial(state=state, value=value, intermediate_values=dict(curve.values))
    trial.number = place
    return trial


def _pruner(spec: SweepSpec, arm_name: str) -> BasePruner:
    pruning = spec.pruning
    match pruning.kind:
        case "median":
            return MedianPruner(n_startup_trials=pruning.startup_trials, n_warmup_steps=pruning.warmup_epochs)
        case "asha":
            return SuccessiveHalvingPruner(min_resource=_first_rung(pruning), reduction_factor=pruning.reduction_factor)
    assert pruning.kind == "hyperband", f"no code for the pruner {pruning.kind}"
    most = max(_first_rung(pruning), most_epochs(spec, spec.arm(arm_name)))
    return HyperbandPruner(
        min_resource=_first_rung(pruning), max_resource=most, reduction_factor=pruning.reduction_factor
    )


def _bracket(pruner: BasePruner, study: optuna.Study, trial: FrozenTrial) -> int:
    """Which of hyperband's brackets the trial is in, each of which begins to halve later; 0 for the other pruners."""
    if not isinstance(pruner, HyperbandPruner):
        return 0
    # Optuna has no public name for this; the tests compare with what it does itself.
    if pruner._n_brackets is None:
        pruner._try_initialization(study)
    return int(pruner._get_bracket_id(study, trial))


def _rungs(pruning: Pruning, bracket: int, values: Mapping[int, float]) -> dict[str, float]:
    """`completed_rung_<index>` → the value at the first step of that rung or beyond: what Optuna notes of asha."""
    if pruning.kind == "median":
        return {}
    rungs: dict[str, float] = {}
    rung_step = _first_rung(pruning) * pruning.reduction_factor**bracket
    while reached := [step for step in values if step >= rung_step]:
        rungs[f"completed_rung_{len(rungs)}"] = values[min(reached)]
        rung_step *= pruning.reduction_factor
    return rungs


def _first_rung(pruning: Pruning) -> int:
    return max(1, pruning.warmup_epochs)
