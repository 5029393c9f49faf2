"""Designs: the trials of a sweep whose points are known before the first one runs."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from search_spaces.arms import Arm, arm_config
from search_spaces.points import Point, Values, undrawn_points
from search_spaces.space import factor_order, is_active
from search_spaces.sweep_spec import SweepSpec
from search_spaces.trial_config import TrialConfig
from service.search.matching import match_arms
from service.search.slots import Slot, slots, trial_seed
from service.search.unit_points import draw_unit_points


@dataclass(frozen=True)
class PlannedTrial:
    """One trial of the plan: its place in the sweep and its configuration, `seed` included."""

    number: int
    arm: str
    point: int
    replicate: int
    seed: int
    config: TrialConfig
    search_attributes: Mapping[str, Any] = field(default_factory=dict)
    """What the sampler of a search wants to find with the trial later."""

    @property
    def slot(self) -> Slot:
        """Its place."""
        return Slot(self.arm, self.point, self.replicate)


def plan_trials(spec: SweepSpec) -> list[PlannedTrial]:
    """Every trial of a planned design by number, in the order of `slots`. Raises CannotMatch.

    All arms of a point have the same shared values, all arms of a (point, replicate) the same seed. The plan
    of fewer configurations is a prefix of the plan of more, as long as the same points are replicated.
    """
    return plan_missing_trials(spec, existing=(), first_number=0)


def plan_missing_trials(
    spec: SweepSpec, existing: Iterable[tuple[str, int, int]], first_number: int
) -> list[PlannedTrial]:
    """The trials of the plan whose (arm, point, replicate) is not in `existing`, numbered from `first_number`.

    What extends a sweep whose design has grown: what was planned before stays as it is. Raises CannotMatch.
    """
    points = [_configs_of_point(spec, point) for point in _points(spec)]
    taken = frozenset(existing)
    missing = (slot for slot in slots(spec) if slot not in taken)
    return [_planned(spec, points[slot.point], slot, number) for number, slot in enumerate(missing, first_number)]


def _planned(spec: SweepSpec, configs: Mapping[str, TrialConfig], slot: Slot, number: int) -> PlannedTrial:
    seed = trial_seed(spec.design.seed, slot.point, slot.replicate)
    config = configs[slot.arm].model_copy(update={"seed": seed})
    return PlannedTrial(number, slot.arm, slot.point, slot.replicate, seed, config)


def _points(spec: SweepSpec) -> Iterable[Point]:
    design = spec.design
    if not design.is_drawn:
        return undrawn_points(design, spec.arms, spec.shared)
    return ({arm.name: _values_at(spec, arm, units) for arm in spec.arms} for units in _draw_units(spec))


def _configs_of_point(spec: SweepSpec, point: Point) -> dict[str, TrialConfig]:
    """Arm → its configuration at this point, matched, without a seed yet.

    An absent arm is matched with all the same, by its base and what the others share: its partner costs no less for
    its absence.
    """
    shared = {name: value for values in point.values() for name, value in values.items() if name in spec.shared}
    configs = {arm.name: arm_config(arm, point.get(arm.name, shared)) for arm in spec.arms}
    matched = match_arms(spec.design, configs)
    return {name: matched[name] for name in point}


def _draw_units(spec: SweepSpec) -> list[dict[str, float]]:
    """One point of the unit cube per configuration: axes for shared factors, then for each arm's own.

    Names are sorted, because the order of keys in a document means nothing.
    """
    own = [_own_axis(arm, name) for arm in spec.arms for name in sorted(arm.space)]
    design = spec.design
    names = [*sorted(spec.shared), *own]
    return draw_unit_points(names, design.configurations, sampler=design.effective_sampler, seed=design.seed)


def _values_at(spec: SweepSpec, arm: Arm, units: Mapping[str, float]) -> Values:
    """The arm's drawn values; a factor whose condition does not hold is absent, so the base value holds."""
    space = spec.space_of(arm)
    values: Values = {}
    for name in factor_order(space):
        if is_active(space[name], values):
            axis = name if name in spec.shared else _own_axis(arm, name)
            values[name] = space[name].value_at(units[axis])
    return values


def _own_axis(arm: Arm, name: str) -> str:
    return f"{arm.name}/{name}"
