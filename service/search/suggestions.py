"""Suggestions: the next trial of a search, drawn from all that the ledger knows when a runner asks."""

from collections.abc import Sequence

from optuna.samplers import BaseSampler, RandomSampler, TPESampler

from search_spaces.arms import Arm, arm_config
from search_spaces.domains import Scalar
from search_spaces.sweep_spec import SweepSpec
from search_spaces.trial_config import TrialConfig
from service.search.coordinates import draw_values
from service.search.designs import PlannedTrial
from service.search.matching import match_arms
from service.search.slots import Slot, derived_seed, slots, trial_seed
from service.search.study import PastTrial, rebuild_study


def draw_next(spec: SweepSpec, history: Sequence[PastTrial]) -> PlannedTrial:
    """The trial that follows `history`, all trials of the sweep so far in any state.

    It takes the first slot that is free: arms take turns, and a design that has grown is filled up in the order of
    `slots`. A replicate repeats its point's configuration with another seed. There must be a free slot.
    """
    taken = {past.slot for past in history}
    slot = next(slot for slot in slots(spec) if slot not in taken)
    number = len(history)
    seed = trial_seed(spec.design.seed, slot.point, slot.replicate)
    config = _config_of(spec, slot, number, history).model_copy(update={"seed": seed})
    return PlannedTrial(number, slot.arm, slot.point, slot.replicate, seed, config)


def suggest(spec: SweepSpec, arm_name: str, history: Sequence[PastTrial], number: int) -> dict[str, Scalar]:
    """The values to try in trial `number` of the arm; inactive factors are absent.

    A pure function: the same history and number give the same values.
    """
    seed = derived_seed(spec.design.seed, "suggestion", arm_name, number)
    study = rebuild_study(spec, arm_name, history, sampler=_sampler(spec.design.effective_sampler, seed))
    return draw_values(study.ask(), spec.space_of(spec.arm(arm_name)))


def _config_of(spec: SweepSpec, slot: Slot, number: int, history: Sequence[PastTrial]) -> TrialConfig:
    if slot.replicate > 0:
        return next(past.config for past in history if past.arm == slot.arm and past.point == slot.point)
    arm = spec.arm(slot.arm)
    drawn = suggest(spec, arm.name, history, number)
    return arm_config(arm, _matched_epochs(spec, arm) | drawn)


def _matched_epochs(spec: SweepSpec, arm: Arm) -> dict[str, Scalar]:
    """Arms share no points in a search, so they are matched at their centres; drawn epochs go over that."""
    centres = {other.name: spec.base_config(other) for other in spec.arms}
    matched = match_arms(spec.design.match, centres)[arm.name]
    return {"epochs": matched.epochs, "warmup_epochs": matched.warmup_epochs}


def _sampler(name: str, seed: int) -> BaseSampler:
    if name == "random":
        return RandomSampler(seed=seed)
    assert name == "tpe", f"no code for the sampler {name}"
    # The liar keeps trials that run at once apart. Factors without a condition are modelled together
    # (multivariate, Optuna's default for one objective), conditional ones each alone.
    return TPESampler(seed=seed, constant_liar=True)
