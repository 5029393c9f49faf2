"""Optuna studies in memory, rebuilt from the ledger's rows whenever one is needed: the ledger is the only truth."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import optuna
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from search_spaces.datasets import facts_of
from search_spaces.metrics import METRICS, Goal
from search_spaces.outcomes import SCORED_AT_CHANCE, Outcome
from search_spaces.space import Space
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
    scores: tuple[float, ...] | None
    """Its values of the sweep's metrics; only a completed trial has them."""
    curve: Mapping[int, float]
    """Step → the sweep's first metric, as far as it was reported."""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    """What the sampler noted when it drew the trial."""

    @property
    def slot(self) -> Slot:
        """Its place in the sweep."""
        return Slot(self.arm, self.point, self.replicate)


def new_study(
    *,
    name: str = "",
    sampler: BaseSampler | None = None,
    pruner: BasePruner | None = None,
    goals: Sequence[Goal] = ("minimize",),
) -> optuna.Study:
    """An empty study in memory."""
    # Optuna tells of every new study; here there is one per suggestion.
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(study_name=name, sampler=sampler, pruner=pruner, directions=goals)


def rebuild_study(
    spec: SweepSpec,
    arm_name: str,
    history: Iterable[PastTrial],
    factors: Space,
    sampler: BaseSampler,
    warm: Iterable[PastTrial] = (),
) -> optuna.Study:
    """The study of one arm over some of its factors: the `warm` trials, then its own in the order of their numbers."""
    study = new_study(name=arm_name, sampler=sampler, goals=[METRICS[metric.name].goal for metric in spec.metrics])
    own = (past for past in history if past.arm == arm_name)
    in_order = [*warm, *sorted(own, key=lambda past: past.number)]
    study.add_trials(frozen_trial(spec, past, factors) for past in in_order)
    return study


def frozen_trial(spec: SweepSpec, past: PastTrial, factors: Space) -> FrozenTrial:
    """The trial as Optuna knows it.

    One that ended at chance level is complete with that score, a pruned one is pruned, an unfinished one runs; the
    others taught nothing.
    """
    coordinates = coordinates_of(spec.arm(past.arm), factors, past.config)
    return optuna.create_trial(
        state=state_of(past.outcome),
        values=_values(spec, past),
        params=coordinates,
        distributions={name: distribution_of(factors[name]) for name in coordinates},
        intermediate_values=dict(past.curve),
        system_attrs=dict(past.attributes),
    )


def state_of(outcome: Outcome | None) -> TrialState:
    """The state of a trial with this outcome in Optuna's eyes."""
    if outcome is None:
        return TrialState.RUNNING
    if outcome is Outcome.PRUNED:
        return TrialState.PRUNED
    is_scored = outcome is Outcome.COMPLETED or outcome in SCORED_AT_CHANCE
    return TrialState.COMPLETE if is_scored else TrialState.FAIL


def _values(spec: SweepSpec, past: PastTrial) -> Sequence[float] | None:
    if past.outcome in SCORED_AT_CHANCE:
        classes = facts_of(spec.dataset).classes
        return [METRICS[metric.name].chance_level(classes) for metric in spec.metrics]
    return past.scores if past.outcome is Outcome.COMPLETED else None
