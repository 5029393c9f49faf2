"""The paired plan: properties of any legal spec, and the demo's own plan in the small."""

from collections import Counter
from itertools import groupby

from hypothesis import given, settings
from hypothesis import strategies as st

from search_spaces.domains import Domain
from search_spaces.presets import PRESETS
from search_spaces.presets.vary import vary
from search_spaces.space import Space
from search_spaces.sweep_spec import SweepSpec, count_trials
from search_spaces.trial_config import TrialConfig
from service.search.designs import PlannedTrial, plan_missing_trials, plan_trials

MATCHED = {"epochs", "warmup_epochs"}
"""Fields that matching may change after they were drawn."""

Specs = st.SearchStrategy[SweepSpec]


def _holds(space: Space, name: str, config: TrialConfig) -> bool:
    """Whether a factor was drawn, judged by the finished configuration: the slow, obvious way."""
    conditions = space[name].when or {}
    return all(_holds(space, other, config) and _is_any(config, other, values) for other, values in conditions.items())


def _is_any(config: TrialConfig, field: str, values: list[object]) -> bool:
    return getattr(config, field) in values


def _could_draw(domain: Domain, value: object) -> bool:
    size = domain.size()
    if size is not None:
        return value in map(domain.at, range(size))
    low, high = domain.extremes()
    return bool(low <= value <= high)  # type: ignore[operator]


def _pairs(plan: list[PlannedTrial]) -> list[list[PlannedTrial]]:
    return [list(trials) for _, trials in groupby(plan, key=lambda trial: (trial.point, trial.replicate))]


@settings(deadline=None)
@given(st.data())
def test_drawn_values_are_of_their_domains_and_others_are_the_base(random_specs: Specs, data: st.DataObject) -> None:
    spec = data.draw(random_specs)
    for trial in plan_trials(spec):
        arm = spec.arm(trial.arm)
        space, base = spec.space_of(arm), spec.base_config(arm)
        for name in set(TrialConfig.model_fields) - MATCHED - {"seed"}:
            value = getattr(trial.config, name)
            if "epochs" in space and name == "schedule":
                continue  # its condition reads epochs, which matching changes afterwards
            if name in space and _holds(space, name, trial.config):
                assert _could_draw(space[name], value), name
            else:
                assert value == getattr(base, name), name


@settings(deadline=None)
@given(st.data())
def test_all_arms_of_a_pair_share_the_seed_and_the_shared_values(random_specs: Specs, data: st.DataObject) -> None:
    spec = data.draw(random_specs)
    same_base = vary(spec, arms=[arm.model_copy(update={"base": {}}).model_dump(mode="json") for arm in spec.arms])
    for pair in _pairs(plan_trials(same_base)):
        assert {trial.arm for trial in pair} == {arm.name for arm in spec.arms}
        assert len({trial.seed for trial in pair}) == 1
        for name in set(spec.shared) - MATCHED:
            assert len({getattr(trial.config, name) for trial in pair}) == 1, name


@settings(deadline=None)
@given(st.data())
def test_replicates_differ_by_their_seed_alone(random_specs: Specs, data: st.DataObject) -> None:
    spec = data.draw(random_specs)
    plan = plan_trials(spec)
    configs = {
        (trial.arm, trial.point, trial.config.model_copy(update={"seed": 0}).model_dump_json()) for trial in plan
    }
    assert len(configs) == len(spec.arms) * spec.design.configurations
    assert len({trial.seed for trial in plan}) == len(plan) / len(spec.arms)
    assert all(trial.config.seed == trial.seed for trial in plan)


@settings(deadline=None)
@given(st.data())
def test_the_plan_has_as_many_trials_as_the_spec_counts(random_specs: Specs, data: st.DataObject) -> None:
    spec = data.draw(random_specs)
    assert [trial.number for trial in plan_trials(spec)] == list(range(count_trials(spec)))


def test_more_configurations_extend_the_plan() -> None:
    demo = PRESETS["digits_demo"]()
    longer = vary(demo, design={"configurations": 24})
    assert plan_trials(longer)[:32] == plan_trials(demo)


def test_an_arms_own_factor_leaves_what_is_shared() -> None:
    demo = PRESETS["digits_demo"]()
    arms = [arm.model_dump(mode="json") for arm in demo.arms]
    arms[1]["space"]["momentum"] = {"kind": "float", "low": 0.5, "high": 0.95}
    changed = plan_trials(vary(demo, arms=arms))
    assert [trial.config for trial in changed[::2]] == [trial.config for trial in plan_trials(demo)[::2]]


def test_the_order_of_keys_in_the_document_means_nothing() -> None:
    demo = PRESETS["digits_demo"]()
    document = demo.model_dump(mode="json")
    document["shared"] = dict(reversed(document["shared"].items()))
    assert plan_trials(SweepSpec.model_validate(document)) == plan_trials(demo)


def test_the_demo_draws_every_choice_evenly_and_matches_image_passes() -> None:
    plan = plan_trials(PRESETS["digits_demo"]())
    optimizers = Counter(trial.config.optimizer for trial in plan if trial.arm == "supcon")
    assert sorted(optimizers.values()) == [5, 5, 6]
    assert {(trial.arm, trial.config.epochs) for trial in plan} == {("supcon", 15), ("cross_entropy", 30)}


def test_another_design_seed_draws_other_points_and_seeds() -> None:
    demo = PRESETS["digits_demo"]()
    one, other = plan_trials(demo), plan_trials(vary(demo, design={"seed": 1}))
    assert all(mine.seed != theirs.seed for mine, theirs in zip(one, other, strict=True))
    rates = [[trial.config.learning_rate_multiplier for trial in plan] for plan in (one, other)]
    assert set(rates[0]).isdisjoint(rates[1])


@settings(deadline=None)
@given(st.data())
def test_what_is_missing_completes_any_part_of_the_plan(random_specs: Specs, data: st.DataObject) -> None:
    spec = data.draw(random_specs)
    whole = plan_trials(spec)
    kept = data.draw(st.lists(st.sampled_from(whole), unique_by=lambda trial: trial.number))
    missing = plan_missing_trials(spec, [trial.slot for trial in kept], first_number=100)
    assert [trial.number for trial in missing] == list(range(100, 100 + len(whole) - len(kept)))
    assert [trial.slot for trial in missing] == [trial.slot for trial in whole if trial not in kept]


def test_a_grown_design_leaves_what_was_planned_and_adds_seeds_to_points_that_get_them_now() -> None:
    small = vary(PRESETS["digits_demo"](), design={"configurations": 4, "replicates": 2, "replicated_fraction": 0.5})
    planned = plan_trials(small)
    grown = vary(small, design={"configurations": 8})
    added = plan_missing_trials(grown, [trial.slot for trial in planned], first_number=len(planned))
    places = {trial.slot: trial.config for trial in [*planned, *added]}
    assert places == {trial.slot: trial.config for trial in plan_trials(grown)}
    assert [trial.slot for trial in added[:4]] == [(arm.name, point, 1) for point in (2, 3) for arm in small.arms]
