"""One factor at a time, and the grid: properties of any legal spec, against the slow, obvious way."""

from collections import Counter, defaultdict
from itertools import product
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.arms import Arm, arm_config
from search_spaces.presets import PRESETS
from search_spaces.presets.vary import vary
from search_spaces.space import held_value
from search_spaces.sweep_spec import SweepSpec, count_trials
from search_spaces.trial_config import TrialConfig
from service.search.designs import PlannedTrial, plan_missing_trials, plan_trials

CHANGED_AFTERWARDS = {"epochs", "warmup_epochs", "seed"}
"""By matching, and by the replicate."""

Specs = st.SearchStrategy[SweepSpec]


def _comparable(config: TrialConfig) -> dict[str, Any]:
    return config.model_dump(exclude=CHANGED_AFTERWARDS)


def _moved(spec: SweepSpec, trial: PlannedTrial) -> dict[str, Any]:
    """What the trial has otherwise than the base of its arm."""
    base = _comparable(spec.base_config(spec.arm(trial.arm)))
    return {name: value for name, value in _comparable(trial.config).items() if value != base[name]}


def _all_combinations(spec: SweepSpec, arm: Arm) -> set[str]:
    """Every configuration of the arm: the whole product, each as its inactive factors leave it."""
    space = spec.space_of(arm)
    configs = set()
    for values in product(*([domain.at(index) for index in range(domain.size() or 0)] for domain in space.values())):
        chosen = dict(zip(space, values, strict=True))
        for _ in space:  # an inactive factor makes others inactive
            chosen = {
                name: value
                for name, value in chosen.items()
                if all(chosen.get(other) in accepted for other, accepted in (space[name].when or {}).items())
            }
        configs.add(repr(_comparable(arm_config(arm, chosen))))
    return configs


def _of_kind(specs: Specs, kind: str) -> Specs:
    return specs.filter(lambda spec: spec.design.kind == kind)


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_one_at_a_time_tries_each_base_once_and_each_other_value_alone(
    undrawn_specs: Specs, data: st.DataObject
) -> None:
    spec = data.draw(_of_kind(undrawn_specs, "one_at_a_time"))
    for arm in spec.arms:
        moves = [_moved(spec, trial) for trial in plan_trials(spec) if trial.arm == arm.name and trial.replicate == 0]
        base = spec.base_config(arm)
        expected = [
            {name: held}
            for name, domain in spec.space_of(arm).items()
            for index in range(domain.size() or 0)
            if (held := held_value(name, domain.at(index))) != getattr(base, name)
        ]
        assert Counter(map(repr, moves)) == Counter(map(repr, [{}, *expected]))


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_a_grid_has_every_combination_once_and_none_for_an_inactive_factor(
    undrawn_specs: Specs, data: st.DataObject
) -> None:
    spec = data.draw(_of_kind(undrawn_specs, "grid"))
    plan = [trial for trial in plan_trials(spec) if trial.replicate == 0]
    for arm in spec.arms:
        configs = [repr(_comparable(trial.config)) for trial in plan if trial.arm == arm.name]
        assert len(configs) == len(set(configs))
        assert set(configs) == _all_combinations(spec, arm)


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_the_arms_of_a_point_share_the_seed_the_shared_values_and_the_cost(
    undrawn_specs: Specs, data: st.DataObject
) -> None:
    spec = data.draw(undrawn_specs)
    places: dict[tuple[int, int], list[PlannedTrial]] = defaultdict(list)
    for trial in plan_trials(spec):
        places[trial.point, trial.replicate].append(trial)
    for trials in places.values():
        assert len({trial.seed for trial in trials}) == 1
        for name in spec.shared:
            assert len({getattr(trial.config, name) for trial in trials}) == 1, name
        if spec.design.match == "image_passes":
            views = {"supcon": 2, "cross_entropy": 1}
            assert len({views[trial.config.objective] * trial.config.epochs for trial in trials}) == 1


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_a_point_that_one_arm_sits_out_is_one_that_its_base_has(undrawn_specs: Specs, data: st.DataObject) -> None:
    spec = data.draw(_of_kind(undrawn_specs, "one_at_a_time"))
    points: dict[int, list[PlannedTrial]] = defaultdict(list)
    for trial in plan_trials(spec):
        points[trial.point].append(trial)
    assert {trial.arm for trial in points[0]} == {arm.name for arm in spec.arms}
    for trials in points.values():
        moved = {name: value for trial in trials for name, value in _moved(spec, trial).items()}
        if set(moved) & set(spec.shared):
            absent = [arm for arm in spec.arms if arm.name not in {trial.arm for trial in trials}]
            assert all(getattr(spec.base_config(arm), name) == moved[name] for arm in absent for name in moved)


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_the_plan_has_as_many_trials_as_the_spec_counts(undrawn_specs: Specs, data: st.DataObject) -> None:
    spec = data.draw(undrawn_specs)
    plan = plan_trials(spec)
    assert [trial.number for trial in plan] == list(range(count_trials(spec)))
    assert len({trial.slot for trial in plan}) == len(plan)
    assert plan_missing_trials(spec, [trial.slot for trial in plan[::2]], first_number=0) == [
        PlannedTrial(index, trial.arm, trial.point, trial.replicate, trial.seed, trial.config)
        for index, trial in enumerate(plan[1::2])
    ]


def test_the_first_points_get_all_the_replicates() -> None:
    spec = vary(PRESETS["paper_stability"](), design={"replicates": 3, "replicated_fraction": 0.25})
    replicates = Counter(trial.point for trial in plan_trials(spec) if trial.arm == "cross_entropy")
    assert [replicates[point] for point in sorted(replicates)] == [3, 3, 3, *[1] * 8]


def test_partners_in_a_grid_are_drawn_by_lot_and_again_the_same() -> None:
    rates = {"kind": "choice", "values": [0.25, 0.5, 1.0, 2.0, 4.0]}
    grid = SweepSpec.model_validate(
        {
            "name": "grid",
            "dataset": {"name": "digits"},
            "arms": [
                {"name": "a", "objective": "supcon", "space": {"temperature": {**rates, "values": [0.1, 0.2, 0.3]}}},
                {"name": "b", "objective": "cross_entropy"},
            ],
            "shared": {"learning_rate_multiplier": rates, "batch_size": {"kind": "choice", "values": [32, 64, 128]}},
            "design": {"kind": "grid"},
        }
    )
    plan = plan_trials(grid)
    paired = {trial.point for trial in plan if trial.arm == "b"}
    partners = Counter(trial.config.temperature for trial in plan if trial.arm == "a" and trial.point in paired)
    assert sum(partners.values()) == 15
    assert set(partners) == {0.1, 0.2, 0.3}
    assert plan == plan_trials(grid)
