"""Optuna studies in memory, rebuilt from the ledger's rows whenever one is needed: the ledger is the only truth."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import optuna
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from search_spaces.datasets import facts_of
from search_spaces.metrics import METRICS, Goal
from search_spaces.outcomes import SCORED_AT_CHANCE, Outcome
from search_spaces.sweep_spec import SweepSpec
from search_spaces.trial_config import TrialConfig
from service.search.coordinates import coordinates_of, distribution_of
from service.search.slots import Slot


@dataclass(frozen=True)
class PastTrial:
    """A trial as the ledger remembers it, whatever its state."""

    number: int
    arm: str
    point: int
    replicate: int
    config: TrialConfig
    outcome: Outcome | None
    """None while it is planned or running."""
    score: float | None
    """The sweep's metric; only a completed trial has one."""
    curve: Mapping[int, float]
    """Step → the sweep's metric, as far as it was reported."""

    @property
    def slot(self) -> Slot:
        """Its place in the sweep."""
        return Slot(self.arm, self.point, self.replicate)


def new_study(
    *, sampler: BaseSampler | None = None, pruner: BasePruner | None = None, direction: Goal = "minimize"
) -> optuna.Study:
    """An empty study in memory."""
    # Optuna tells of every new study; here there is one per suggestion.
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(sampler=sampler, pruner=pruner, direction=direction)


def rebuild_study(
    spec: SweepSpec,
    arm_name: str,
    history: Iterable[PastTrial],
    *,
    sampler: BaseSampler | None = None,
    pruner: BasePruner | None = None,
    system_attributes: Mapping[int, Mapping[str, float]] | None = None,
) -> optuna.Study:
    """The study of one arm, with the arm's past trials in the order of their numbers.

    `system_attributes` (by trial number) is what a pruner would have noted. A trial that ended at chance level
    is complete with that score, a pruned one is pruned, an unfinished one runs; the others taught nothing.
    """
    study = new_study(sampler=sampler, pruner=pruner, direction=METRICS[spec.score_metric.name].goal)
    own = (past for past in history if past.arm == arm_name)
    for past in sorted(own, key=lambda past: past.number):
        attributes = (system_attributes or {}).get(past.number, {})
        study.add_trial(_frozen_trial(spec, past, dict(attributes)))
    return study


def _frozen_trial(spec: SweepSpec, past: PastTrial, attributes: dict[str, float]) -> FrozenTrial:
    arm = spec.arm(past.arm)
    space = spec.space_of(arm)
    coordinates = coordinates_of(arm, space, past.config)
    return optuna.create_trial(
        state=_state(past.outcome),
        value=_value(spec, past),
        params=coordinates,
        distributions={name: distribution_of(space[name]) for name in coordinates},
        intermediate_values=dict(past.curve),
        system_attrs=attributes,
    )


def _state(outcome: Outcome | None) -> TrialState:
    if outcome is None:
        return TrialState.RUNNING
    if outcome is Outcome.PRUNED:
        return TrialState.PRUNED
    is_scored = outcome is Outcome.COMPLETED or outcome in SCORED_AT_CHANCE
    return TrialState.COMPLETE if is_scored else TrialState.FAIL


def _value(spec: SweepSpec, past: PastTrial) -> float | None:
    if past.outcome in SCORED_AT_CHANCE:
        return METRICS[spec.score_metric.name].chance_level(facts_of(spec.dataset).classes)
    return past.score if past.outcome is Outcome.COMPLETED else None
