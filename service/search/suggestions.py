"""Suggestions: the next trial of a search, drawn from all that the ledger knows when a runner asks."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from search_spaces.arms import arm_config
from search_spaces.domains import ChoiceDomain, Scalar
from search_spaces.space import Space
from search_spaces.sweep_spec import SweepSpec
from search_spaces.trial_config import TrialConfig
from service.search.coordinates import draw_values
from service.search.designs import PlannedTrial
from service.search.matching import matched_fields
from service.search.samplers import initial_attributes, make_sampler
from service.search.slots import Slot, derived_seed, slots, trial_seed
from service.search.study import PastTrial, frozen_trial, rebuild_study
from service.search.warm_start import warm_trials

REMEMBERING = ("cmaes", "nsga2")
"""Samplers that note with each trial what they need of it later: its generation, and the state of the search."""


class Suggestion(NamedTuple):
    """What to try in one trial."""

    values: dict[str, Scalar]
    """By factor; inactive ones are absent."""
    attributes: dict[str, Any]
    """What the sampler wants to find with the trial when it draws later ones."""


def draw_next(spec: SweepSpec, history: Sequence[PastTrial], earlier: Sequence[PastTrial] = ()) -> PlannedTrial:
    """The trial that follows `history`, all trials of the sweep so far in any state.

    It takes the first slot that is free: arms take turns, and a design that has grown is filled up in the order of
    `slots`. A replicate repeats its point's configuration with another seed. There must be a free slot. `earlier` are
    the trials of the sweep that this one starts from. Raises CannotMatch and SamplerUnavailable.
    """
    taken = {past.slot for past in history}
    slot = next(slot for slot in slots(spec) if slot not in taken)
    seed = trial_seed(spec.design.seed, slot.point, slot.replicate)
    number = len(history)
    config, attributes = _draw(spec, slot, history, warm_trials(spec, earlier), number)
    config = config.model_copy(update={"seed": seed})
    return PlannedTrial(number, slot.arm, slot.point, slot.replicate, seed, config, attributes)


def suggest(
    spec: SweepSpec, arm_name: str, history: Sequence[PastTrial], number: int, warm: Sequence[PastTrial] = ()
) -> Suggestion:
    """What to try in trial `number` of the arm; `warm` are trials that this or another arm learns from at the start.

    A pure function: the same past and number give the same suggestion.
    """
    design = spec.design
    space = spec.space_of(spec.arm(arm_name))
    seed = derived_seed(design.seed, "suggestion", arm_name, number)
    own_warm = [past for past in warm if past.arm == arm_name]
    if design.effective_sampler == "cmaes":
        source = [frozen_trial(spec, past, _numbers(space)) for past in own_warm]
        sampler = make_sampler("cmaes", seed, design.configurations, source)
        study = rebuild_study(spec, arm_name, history, _unconditional(space), sampler)
    else:
        sampler = make_sampler(design.effective_sampler, seed, design.configurations)
        initial = [replace(past, attributes=initial_attributes(sampler)) for past in own_warm]
        study = rebuild_study(spec, arm_name, history, space, sampler, initial)
    values = draw_values(study.ask(), space)
    attributes = study.get_trials(deepcopy=False)[-1].system_attrs
    return Suggestion(values, dict(attributes) if design.effective_sampler in REMEMBERING else {})


def _draw(
    spec: SweepSpec, slot: Slot, history: Sequence[PastTrial], warm: Sequence[PastTrial], number: int
) -> tuple[TrialConfig, dict[str, Any]]:
    if slot.replicate > 0:
        return next(past.config for past in history if past.arm == slot.arm and past.point == slot.point), {}
    arm = spec.arm(slot.arm)
    suggestion = suggest(spec, arm.name, history, number, warm)
    return arm_config(arm, matched_fields(spec, arm) | suggestion.values), suggestion.attributes


def _unconditional(space: Space) -> Space:
    """What CMA-ES is shown: it gives up for good once the number of factors that all trials have has changed."""
    return {name: domain for name, domain in space.items() if not domain.when}


def _numbers(space: Space) -> Space:
    """What CMA-ES itself moves."""
    return {
        name: domain
        for name, domain in _unconditional(space).items()
        if not isinstance(domain, ChoiceDomain) and domain.size() != 1
    }
