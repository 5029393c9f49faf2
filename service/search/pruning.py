"""Pruning: whether a running trial of a search is worth its next epoch, by Optuna's pruners."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from optuna.pruners import BasePruner, MedianPruner, SuccessiveHalvingPruner

from search_spaces.design import Pruning
from search_spaces.sweep_spec import SweepSpec
from service.search.study import PastTrial, rebuild_study


def should_prune(spec: SweepSpec, history: Sequence[PastTrial], trial: PastTrial, step: int) -> bool:
    """Whether the trial should end, judged as it stood when it reported `step`.

    Call it once per reported step, in order: asha judges a trial at the first step of each rung, and only
    then. `history` is all trials of the sweep; the trial itself may be among them.
    """
    if spec.pruning.kind == "none":
        return False
    curve = {earlier: value for earlier, value in trial.curve.items() if earlier <= step}
    judged = replace(trial, outcome=None, curve=curve)
    others = [past for past in history if past.arm == trial.arm and past.number != trial.number]
    study = rebuild_study(
        spec,
        trial.arm,
        [*others, judged],
        pruner=_pruner(spec.pruning),
        system_attributes=_rungs(spec.pruning, others, judged, step),
    )
    numbers = sorted([*(past.number for past in others), trial.number])
    return bool(study.pruner.prune(study, study.trials[numbers.index(trial.number)]))


def _pruner(pruning: Pruning) -> BasePruner:
    if pruning.kind == "median":
        return MedianPruner(n_startup_trials=pruning.startup_trials, n_warmup_steps=pruning.warmup_epochs)
    assert pruning.kind == "asha", f"no code for the pruner {pruning.kind}"
    return SuccessiveHalvingPruner(min_resource=_first_rung(pruning), reduction_factor=pruning.reduction_factor)


def _rungs(pruning: Pruning, others: Sequence[PastTrial], judged: PastTrial, step: int) -> dict[int, dict[str, float]]:
    """What Optuna's asha keeps with each trial: its value at every rung it has passed, by trial number.

    The judged trial has passed those it reached before `step`; the rung it reaches now is what is judged.
    """
    if pruning.kind != "asha":
        return {}
    before = {earlier: value for earlier, value in judged.curve.items() if earlier < step}
    curves = {past.number: past.curve for past in others} | {judged.number: before}
    return {number: _rung_values(pruning, curve) for number, curve in curves.items()}


def _rung_values(pruning: Pruning, curve: Mapping[int, float]) -> dict[str, float]:
    """`completed_rung_<index>` → the value at the first step of that rung or beyond (Optuna's own names)."""
    values: dict[str, float] = {}
    rung_step = _first_rung(pruning)
    while reached := [step for step in curve if step >= rung_step]:
        values[f"completed_rung_{len(values)}"] = curve[min(reached)]
        rung_step *= pruning.reduction_factor
    return values


def _first_rung(pruning: Pruning) -> int:
    return max(1, pruning.warmup_epochs)
