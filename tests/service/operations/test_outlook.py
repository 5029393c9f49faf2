"""The numbers of a preview: exact counts, budgets that would cut, and what is honestly unknown."""

import time
from collections.abc import Sequence
from typing import Any

import pytest

from search_spaces.presets import digits_demo
from search_spaces.presets.vary import vary
from search_spaces.sweep_spec import SweepSpec
from service.operations.outlook import describe_plan
from service.schemas.preview import PlanPreview
from service.search.costs import PastTrial, setting_of
from service.search.designs import plan_trials


def demo(budget: dict[str, Any] | None = None, **changes: Any) -> SweepSpec:
    """The demo without its budget, or with another one."""
    return vary(digits_demo(), budget={"wall_clock": None, "trial_timeout": None} | (budget or {}), **changes)


def seen_of(spec: SweepSpec, past: Sequence[PastTrial]) -> PlanPreview:
    """The preview of the spec after those trials."""
    plan = [] if spec.design.kind == "search" else plan_trials(spec)
    return describe_plan(spec, plan, past)


def past_of(spec: SweepSpec, device_seconds_per_pass: float, trials: int = 5) -> list[PastTrial]:
    """As many finished trials for each setting of the spec, all at one rate."""
    settings = {setting_of(trial.config, spec.dataset, spec.resources) for trial in plan_trials(spec)}
    return [PastTrial(setting, device_seconds_per_pass) for setting in settings for _ in range(trials)]


def preview(spec: SweepSpec, device_seconds_per_pass: float = 0.001) -> PlanPreview:
    return seen_of(spec, past_of(spec, device_seconds_per_pass))


def test_counts_are_sums_over_the_plan() -> None:
    spec = demo()
    seen = seen_of(spec, [])
    epochs = [trial.config.epochs for trial in plan_trials(spec)]
    assert (seen.is_exact, seen.trials, seen.epochs) == (True, 32, sum(epochs))
    assert [(arm.arm, arm.trials, arm.epochs) for arm in seen.arms] == [
        ("supcon", 16, 16 * 15),
        ("cross_entropy", 16, 16 * 30),
    ]
    assert seen.image_passes == sum(arm.image_passes or 0 for arm in seen.arms) == 2 * 16 * 30 * 1222


def test_cost_without_any_past_is_unknown_and_says_so() -> None:
    seen = seen_of(demo(budget={"device_hours": 1}), [])
    assert (seen.device_hours.value, seen.device_hours.low, seen.device_hours.past_trials) == (None, None, 0)
    assert seen.device_hours.basis.startswith("unknown: you have no finished trial")
    assert seen.wall_clock_hours.value is None
    assert seen.cuts == []
    assert "whether a budget cuts the sweep is unknown, like its cost" in seen.notes


def test_cost_is_that_of_the_past_and_adds_up_over_the_arms() -> None:
    seen = preview(demo())
    assert seen.device_hours.value == pytest.approx(2 * 16 * 30 * 1222 * 0.001 / 3600)
    assert seen.device_hours.value == pytest.approx(sum(arm.device_hours.value or 0 for arm in seen.arms))
    assert "finished trials of yours of the same objective" in seen.device_hours.basis


def test_wall_clock_is_spread_over_what_runs_at_once() -> None:
    two, sixteen = (preview(demo(resources={"max_concurrent": most})) for most in (2, 16))
    assert two.device_hours.value is not None
    assert two.wall_clock_hours.value == pytest.approx(two.device_hours.value / 2)
    assert sixteen.wall_clock_hours.value == pytest.approx(two.device_hours.value / 16)
    assert sixteen.wall_clock_hours.basis.startswith("16 trials at once")


def test_wall_clock_is_never_less_than_the_longest_trial() -> None:
    seen = preview(demo(resources={"max_concurrent": 10_000}))
    assert seen.wall_clock_hours.value == pytest.approx(30 * 1222 * 0.001 / 3600)


def test_devices_of_one_trial_work_at_the_same_time() -> None:
    seen = preview(demo(resources={"cpus_per_worker": 4, "max_concurrent": 1}))
    assert seen.device_hours.value is not None
    assert seen.wall_clock_hours.value == pytest.approx(seen.device_hours.value / 4)


@pytest.mark.parametrize(
    ("budget", "cut"),
    [
        ({"device_hours": 0.1}, "budget.device_hours 0.1 ends it after about 4 of 16 pairs"),
        ({"wall_clock": "5m"}, "budget.wall_clock of 5 min ends it after about 8 of 16 pairs"),
        ({"trial_timeout": "30s"}, "budget.trial_timeout of 0.5 min is less than the longest trial's 0.611 min"),
        ({"device_hours": 10, "wall_clock": "1d", "trial_timeout": "10m"}, None),
    ],
)
def test_budget_that_would_cut_is_named_with_what_is_left(budget: dict[str, Any], cut: str | None) -> None:
    # 32 trials of 36.66 device-seconds each, two at once: 0.326 device-hours, 9.8 minutes.
    assert preview(demo(budget)).cuts == ([] if cut is None else [cut])


def test_power_is_that_of_the_pairs() -> None:
    power = seen_of(demo(), []).power
    assert power is not None
    assert power.pairs == 16
    assert power.power_at_reference == pytest.approx(0.34, abs=0.05)
    assert power.detectable_ratio is not None
    assert 2 < power.detectable_ratio < 3.5
    assert "simulated" in power.assumptions


def test_search_says_what_its_counts_are_and_has_nothing_to_detect() -> None:
    spec = demo(design={"kind": "search", "sampler": "tpe"}, pruning={"kind": "median"})
    seen = seen_of(spec, [])
    assert (seen.is_exact, seen.power) == (False, None)
    assert "a search is not compared" in str(seen.why_no_power)
    assert any("centres" in note for note in seen.notes)
    assert any("pruned trials cost less" in note for note in seen.notes)


def test_images_that_nobody_has_counted_leave_passes_unknown_but_not_the_cost() -> None:
    folder = {"name": "image_folder", "root": "/data", "classes": 3, "image_size": 32}
    seen = preview(demo(dataset=folder), device_seconds_per_pass=60)
    assert seen.image_passes is None
    assert seen.device_hours.value == pytest.approx(2 * 16 * 30 * 60 / 3600)


def test_points_that_are_listed_are_told_from_points_that_are_drawn() -> None:
    factor = {"batch_size": {"kind": "choice", "values": [64, 128]}}
    document = demo().model_dump(mode="json", exclude_defaults=True)
    arms = [{**arm, "space": {}} for arm in document["arms"]]
    spec = SweepSpec.model_validate({**document, "arms": arms, "shared": factor, "design": {"kind": "grid"}})
    seen = seen_of(spec, [])
    assert (seen.is_exact, seen.trials) == (True, 4)
    assert any("not drawn" in note for note in seen.notes)
    assert seen_of(demo(), []).notes == []


def test_trials_that_train_for_a_time_cost_that_time_whatever_the_past() -> None:
    spec = demo({"device_hours": 0.5}, design={"match": "device_seconds", "device_seconds": 90})
    for seen in (seen_of(spec, []), preview(spec)):
        assert seen.device_hours.value == pytest.approx(32 * 90 / 3600)
        assert "design.device_seconds of every trial" in seen.device_hours.basis
        assert (seen.is_exact, seen.epochs, seen.image_passes) == (False, None, None)
        assert [(arm.epochs, arm.image_passes) for arm in seen.arms] == [(None, None)] * 2
        assert seen.cuts == ["budget.device_hours 0.5 ends it after about 10 of 16 pairs"]
        assert any("how many epochs and image passes that makes is not known" in note for note in seen.notes)


@pytest.mark.slow
def test_largest_sweep_is_previewed_in_seconds() -> None:
    spec = demo(design={"configurations": 5000})
    started = time.process_time()
    assert seen_of(spec, past_of(demo(), 0.001)).trials == 10_000
    # About 5 s on the machine this was written on; the allowance is for a slower one.
    assert time.process_time() - started < 15
