"""Every illegal spec is refused, at the right place, with the field, the value and what is accepted."""

from typing import Any

import pytest
from pydantic import ValidationError

from search_spaces.presets import PRESETS, digits_demo
from search_spaces.refusals import Refusal, refusals
from search_spaces.sweep_spec import SweepSpec, count_trials

LOG_RATE = {"kind": "float", "low": 0.1, "high": 10.0, "log": True}


def document(**changes: Any) -> dict[str, Any]:
    """A legal document, with parts of it replaced by path: `design__kind="grid"`."""
    result: dict[str, Any] = digits_demo().model_dump(mode="json", exclude_defaults=True)
    for path, value in changes.items():
        node: Any = result
        *parents, last = [int(part) if part.isdigit() else part for part in path.split("__")]
        for part in parents:
            node = node.setdefault(part, {}) if isinstance(node, dict) else node[part]
        node[last] = value
    return result


def refused(**changes: Any) -> Refusal:
    """The first thing that is wrong with the changed document."""
    body = document(**changes)
    with pytest.raises(ValidationError) as caught:
        SweepSpec.model_validate(body)
    return refusals(caught.value.errors(), body)[0]


@pytest.mark.parametrize(
    ("changes", "pointer", "parts"),
    [
        ({"nmae": "x"}, "/nmae", ["nmae", "did you mean name"]),
        ({"arms__0__objectve": "x"}, "/arms/0/objectve", ["did you mean objective"]),
        ({"name": "a b"}, "/name", ["'a b'"]),
        ({"arms": []}, "/arms", ["at least 1"]),
        ({"arms__1__name": "supcon"}, "/arms/1", ["'supcon' twice"]),
        ({"arms__0__objective": "supcn"}, "/arms/0/objective", ["'supcn'", "'supcon'"]),
        ({"arms__0__base__epochs": 0}, "/arms/0/base/epochs", ["epochs cannot be 0", "greater than or equal to 1"]),
        ({"arms__0__base__epochs": 1.5}, "/arms/0/base/epochs", ["epochs cannot be 1.5"]),
        ({"arms__0__base__seed": 1}, "/arms/0/base/seed", ["`design.seed`"]),
        ({"arms__1__base__temperature": 0.1}, "/arms/1/base/temperature", ["does not use 'temperature'"]),
        ({"arms__1__space__temperature": LOG_RATE}, "/arms/1/space/temperature", ["'cross_entropy'", "does not use"]),
        ({"shared__temperature": LOG_RATE}, "/shared/temperature", ["'cross_entropy'", "does not use"]),
        ({"shared__temprature": LOG_RATE}, "/shared/temprature", ["temprature"]),
        ({"shared__learning_rate_multiplier__low": 0}, "/shared/learning_rate_multiplier/low", ["log", "low=0.0"]),
        ({"shared__learning_rate_multiplier__kind": "flot"}, "/shared/learning_rate_multiplier", ["flot"]),
        ({"shared__batch_size__values": [64, 1]}, "/shared/batch_size/values/1", ["batch_size cannot be 1"]),
        ({"shared__batch_size": {"kind": "float", "low": 32.5, "high": 64}}, "/shared/batch_size/kind", ["int"]),
        ({"shared__optimizer__values": ["adam"]}, "/shared/optimizer/values/0", ["'adam'", "'adamw'"]),
        (
            {"shared__augmentation_magnitude__when": {"augmentatio": ["x"]}},
            "/shared/augmentation_magnitude/when/augmentatio",
            ["augmentatio", "did you mean augmentation"],
        ),
        (
            {"shared__augmentation_magnitude__when": {"augmentation": ["basic"]}},
            "/shared/augmentation_magnitude/when/augmentation",
            ["never 'basic'"],
        ),
        (
            {"shared__augmentation_magnitude__when": {"learning_rate_multiplier": [1.0]}},
            "/shared/augmentation_magnitude/when/learning_rate_multiplier",
            ["continuous"],
        ),
        (
            {
                "shared__weight_decay": {"kind": "float", "low": 0, "high": 1, "step": 1e-12},
                "shared__augmentation_magnitude__when": {"weight_decay": [0.5]},
            },
            "/shared/augmentation_magnitude/when/weight_decay",
            ["'weight_decay' has 1,000,000,000,001", "at most 10,000 values"],
        ),
        (
            {"arms__0__base__warmup_epochs": 16},
            "/arms/0/base/warmup_epochs",
            ["warmup_epochs 16", "accepted: at most 15"],
        ),
        (
            {"arms__0__base": {"epochs": 4, "warmup_epochs": 4.5}},
            "/arms/0/base/warmup_epochs",
            ["warmup_epochs 4.5", "at most 4"],
        ),
        (
            {"arms__0__base": {"warmup_epochs": 3}, "shared__epochs": {"kind": "int", "low": 2, "high": 9}},
            "/arms/0/base/warmup_epochs",
            ["'supcon'", "at most 2"],
        ),
        (
            {"shared__warmup_epochs": {"kind": "float", "low": 0, "high": 30}},
            "/shared/warmup_epochs",
            ["warmup_epochs 30", "at most 15"],
        ),
        ({"labels": {"team": "a\0b"}}, "/labels/team", ["labels.team holds 'a\\x00b'", "without NUL"]),
        ({"labels": {"a\0b": "team"}}, "/labels", ["'a\\x00b'", "without NUL"]),
        ({"dataset__root": "\ud800"}, "/dataset/root", ["dataset.root holds '\\ud800'", "lone surrogates"]),
        ({"arms__0__base__encoder": "a\0"}, "/arms/0/base/encoder", ["arms.0.base.encoder", "without NUL"]),
        ({"pruning__kind": "asha"}, "/pruning/kind", ["'paired'", "design.kind search"]),
        ({"budget__device_hours": 0}, "/budget/device_hours", ["cannot be 0", "greater than 0"]),
        ({"budget__wall_clock": "3 weeks"}, "/budget/wall_clock", ["'3 weeks'", "30m"]),
        ({"design__sampler": "tpe"}, "/design/sampler", ["'tpe'", "sobol, random"]),
        ({"design__configurations": 9_000}, "/design/configurations", ["18,000 trials", "at most 10,000"]),
        ({"design__configurations": 0}, "/design/configurations", ["cannot be 0"]),
        ({"metric__name": "test_top1"}, "/metric/name", ["test_top1", "val_top1"]),
        ({"metric": {"name": "val_nll", "goal": "maximize"}}, "/metric/goal", ["minimize"]),
        ({"metric": 5}, "/metric", ["metric cannot be 5"]),
        ({"metric": []}, "/metric", ["metric cannot be []", "at least 1"]),
        ({"metric": [{"name": "val_top1"}, {"name": "val_tpo5"}]}, "/metric/1/name", ["val_tpo5", "mean val_top5"]),
        ({"metric": [{"name": "val_nll"}, {"name": "val_nll"}]}, "/metric/1", ["'val_nll' twice"]),
        (
            {"metric": [{"name": "val_top1"}, {"name": "val_nll"}]},
            "/metric",
            ["one metric, got 2", "design.kind search"],
        ),
        (
            {"metric": [{"name": "val_top1"}, {"name": "val_nll"}], "design": {"kind": "search", "sampler": "cmaes"}},
            "/metric",
            ["'cmaes' searches for one metric", "sampler tpe, gp, nsga2 or random"],
        ),
        (
            {
                "metric": [{"name": "val_top1"}, {"name": "val_nll"}],
                "design": {"kind": "search"},
                "pruning": {"kind": "asha"},
            },
            "/metric",
            ["pruning 'asha' judges by one metric", "pruning.kind none"],
        ),
        ({"shared__batch_size__values": [64, 4096]}, "/shared/batch_size", ["4096", "training images of digits"]),
        ({"dataset__split_seed": 2**32}, "/dataset/split_seed", ["4294967296"]),
        ({"dataset__train_fraction": 0.008}, "/dataset/train_fraction", ["0.008", "at least 0.0"]),
        ({"dataset__val_fraction": 1e-300}, "/dataset/val_fraction", ["1e-300", "at least 0.007"]),
        (
            {
                "dataset__train_fraction": 0.1,
                "shared__batch_size": {"kind": "choice", "values": [32]},
                "name": "a\ud800",
            },
            "/name",
            ["cannot be"],
        ),
        ({"\ud800": 1}, "", ["cannot be stored"]),
        ({"clusters": []}, "/clusters", ["at least 1"]),
        ({"clusters": ["a", "gpu="]}, "/clusters/1", ["cannot be chosen by 'gpu='", "its name, or key=value"]),
        ({"clusters": ["gpu=a=b"]}, "/clusters/0", ["'gpu=a=b'", "key=value"]),
        ({"dataset__root": "/data"}, "/dataset/root", ["no root"]),
        (
            {"resources__workers": 64},
            "/shared/batch_size",
            ["batch_size 64", "64 workers", "less than two images", "accepted: from 128 to about 1232"],
        ),
        (
            {"resources": {"workers": 2, "gpus_per_worker": 0.5}},
            "/resources/gpus_per_worker",
            ["2 workers cannot share a GPU", "accepted: 0 or 1"],
        ),
        ({"resources": {"gpus_per_worker": 2}}, "/resources/gpus_per_worker", ["one GPU, not on 2", "more workers"]),
        ({"resources__workers": 1024}, "/resources/workers", ["1024 workers", "about 1232", "fewer workers"]),
        ({"arms__0__base__queue_size": 10**15}, "/arms/0/base/queue_size", ["less than or equal to 1048576"]),
        ({"arms__1__base__mixup_alpha": 1e308}, "/arms/1/base/mixup_alpha", ["less than or equal to 100"]),
        ({"evaluation__corruptions": "imagenet"}, "/evaluation/corruptions", ["not for digits at 8", "small_images"]),
        (
            {"arms__0__base__probe_epochs": 5},
            "/arms/0/base/probe_epochs",
            ["probe_epochs is not used by the lbfgs probe", "evaluation.probe.kind sgd"],
        ),
        (
            {
                "evaluation__probe__kind": "sgd",
                "arms__0__space__probe_max_iterations": {"kind": "choice", "values": [9]},
            },
            "/arms/0/space/probe_max_iterations",
            ["probe_max_iterations is not used by the sgd probe", "evaluation.probe.kind lbfgs"],
        ),
        (
            {"arms__0__base": {"base_temperature": 0.07, "scale_by_temperature": False}},
            "/arms/0/base/base_temperature",
            ["no meaning where scale_by_temperature is false", "accepted: scale_by_temperature true"],
        ),
        (
            {"arms__0__base": {"positives_cap": 3, "queue_size": 64}},
            "/arms/0/base/positives_cap",
            ["which a queue does not tell", "accepted: queue_size 0"],
        ),
        (
            {"arms__0__base__key_momentum": 0.9},
            "/arms/0/base/key_momentum",
            ["does nothing here", "queue_size is never", "accepted: a queue_size above 0"],
        ),
        (
            {"arms__0__base": {"projection": "none", "projection_dim": 64}},
            "/arms/0/base/projection_dim",
            ["does nothing here", "projection linear or mlp"],
        ),
        ({"arms__1__base__large_margin": 2}, "/arms/1/base/large_margin", ["'cross_entropy'", "does not use"]),
        ({"arms__0__base__triplet_margin": 0.2}, "/arms/0/base/triplet_margin", ["'supcon'", "does not use"]),
        ({"warm_start": "a1b2"}, "/warm_start", ["not for design.kind 'paired'", "sampler tpe, gp, cmaes or nsga2"]),
        (
            {"warm_start": "a1b2", "design": {"kind": "search", "sampler": "random"}},
            "/warm_start",
            ["search that learns", "no warm_start"],
        ),
        (
            {
                "design": {"kind": "search", "sampler": "cmaes"},
                "arms__1__space": {},
                "shared__learning_rate_multiplier": {"kind": "choice", "values": [1, 2]},
            },
            "/arms/1/space",
            ["cmaes moves numbers alone", "'cross_entropy' has none", "sampler tpe, gp or nsga2"],
        ),
        ({"design__device_seconds": 60}, "/design/device_seconds", ["'image_passes'", "match device_seconds with"]),
        ({"design__match": "device_seconds"}, "/design/device_seconds", ["device_seconds None"]),
        ({"arms__0__base__device_seconds": 9}, "/arms/0/base/device_seconds", ["`design.device_seconds`"]),
        (
            {
                "design": {"match": "device_seconds", "device_seconds": "1h"},
                "shared__epochs": {"kind": "choice", "values": [20]},
                "budget": {},
            },
            "/shared/epochs",
            ["epochs decide nothing", "no epochs to draw"],
        ),
        (
            {"design": {"match": "device_seconds", "device_seconds": "30m"}, "resources": {"workers": 3}},
            "/budget/trial_timeout",
            ["trial_timeout 600 ends trials", "train for 600 seconds", "more than 600"],
        ),
        (
            {
                "design": {"match": "device_seconds", "device_seconds": 60, "kind": "search"},
                "pruning": {"kind": "hyperband"},
            },
            "/pruning/kind",
            ["how many epochs", "asha, median, none"],
        ),
        ({"shared__precision": {"kind": "choice", "values": ["fp32", "tf32"]}}, "/shared/precision", ["tf32"]),
    ],
)
def test_illegal_spec_is_refused(changes: dict[str, Any], pointer: str, parts: list[str]) -> None:
    refusal = refused(**changes)
    assert refusal.pointer.startswith(pointer)
    for part in parts:
        assert part in refusal.detail


def test_conditions_in_a_circle_are_refused() -> None:
    choice = {"kind": "choice", "values": ["sgd", "lars"], "when": {"augmentation": ["basic"]}}
    other = {"kind": "choice", "values": ["basic", "none"], "when": {"optimizer": ["sgd"]}}
    refusal = refused(shared={"optimizer": choice, "augmentation": other})
    assert "circle" in refusal.detail


def test_million_point_grid_is_refused() -> None:
    refusal = refused(
        design={"kind": "grid"},
        shared={
            "epochs": {"kind": "int", "low": 1, "high": 1000},
            "batch_size": {"kind": "int", "low": 2, "high": 1001},
        },
        arms__0__space={},
        arms__1__space={},
    )
    assert refusal.pointer == "/design/kind"
    assert "the grid design makes more than 10,000 trials" in refusal.detail


def test_grid_over_a_continuous_factor_is_refused() -> None:
    refusal = refused(design={"kind": "grid"})
    assert "'learning_rate_multiplier' is continuous" in refusal.detail


def test_a_grid_too_large_to_write_out_is_refused_at_once() -> None:
    large = {"kind": "int", "low": 0, "high": 2**50}
    refusal = refused(design={"kind": "grid"}, shared={}, arms__0__space__queue_size={**large, "high": 2**20})
    assert refusal.detail.startswith("a grid design needs separate values, 'temperature'")
    own = {"queue_size": {**large, "high": 2**20}, "projection_dim": {"kind": "int", "low": 2, "high": 8192}}
    refusal = refused(design={"kind": "grid"}, shared={}, arms__0__space=own)
    assert "'label_smoothing' is continuous" in refusal.detail
    smoothing = {"label_smoothing": {"kind": "float", "low": 0.0, "high": 0.5, "step": 1e-9}}
    refusal = refused(design={"kind": "grid"}, shared={}, arms__0__space=own, arms__1__space=smoothing)
    assert refusal.pointer == "/design/kind"


def test_one_at_a_time_refuses_a_factor_that_would_never_leave_its_base() -> None:
    rates = {"kind": "choice", "values": [0.5, 1.0, 2.0]}
    spaces = {"arms__0__space": {}, "arms__1__space": {}, "shared__learning_rate_multiplier": rates}
    refusal = refused(design={"kind": "one_at_a_time"}, **spaces, arms__1__base={"augmentation": "autoaugment"})
    assert refusal.pointer == "/shared/augmentation_magnitude/when"
    assert "'augmentation_magnitude' would never be moved" in refusal.detail
    assert "base of arm 'cross_entropy'" in refusal.detail
    SweepSpec.model_validate(document(design={"kind": "one_at_a_time"}, **spaces))


def test_configurations_are_refused_where_none_are_drawn() -> None:
    refusal = refused(design={"kind": "grid", "configurations": 8})
    assert refusal.pointer == "/design/configurations"
    assert "got 8 configurations" in refusal.detail


def test_paired_design_needs_two_arms() -> None:
    refusal = refused(arms=document()["arms"][:1])
    assert "at least two arms" in refusal.detail


def test_all_field_errors_are_told_at_once() -> None:
    body = document(name="a b", budget={"device_hours": 0})
    with pytest.raises(ValidationError) as caught:
        SweepSpec.model_validate(body)
    assert [refusal.pointer for refusal in refusals(caught.value.errors(), body)] == ["/name", "/budget/device_hours"]


@pytest.mark.parametrize("name", PRESETS)
def test_preset_survives_a_round_trip(name: str) -> None:
    spec = PRESETS[name]()
    assert SweepSpec.model_validate_json(spec.model_dump_json()) == spec


def test_trials_are_counted_over_arms_and_seeds() -> None:
    spec = SweepSpec.model_validate(
        document(design={"kind": "paired", "configurations": 10, "replicates": 3, "replicated_fraction": 0.5})
    )
    assert count_trials(spec) == 2 * (5 * 3 + 5)


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("1.5h", 5400), ("2d", 172_800), (7, 7)])
def test_durations_are_written_as_people_do(text: str | int, seconds: float) -> None:
    spec = SweepSpec.model_validate(document(budget={"wall_clock": text}))
    assert spec.budget.wall_clock == seconds


def test_a_warm_up_that_a_condition_may_keep_apart_from_few_epochs_is_accepted() -> None:
    epochs = {"kind": "choice", "values": [2, 50]}
    warmup = {"kind": "int", "low": 1, "high": 10, "when": {"epochs": [50]}}
    SweepSpec.model_validate(document(shared={"epochs": epochs, "warmup_epochs": warmup}))


def test_a_base_temperature_that_a_condition_keeps_with_the_scale_is_accepted() -> None:
    scale = {"kind": "choice", "values": [True, False]}
    base = {"kind": "float", "low": 0.05, "high": 0.5, "when": {"scale_by_temperature": [True]}}
    SweepSpec.model_validate(document(arms__0__space={"scale_by_temperature": scale, "base_temperature": base}))


def test_a_base_temperature_whose_condition_does_not_keep_it_with_the_scale_is_refused() -> None:
    scale = {"kind": "choice", "values": [True, False]}
    base = {"kind": "float", "low": 0.05, "high": 0.5, "when": {"optimizer": ["sgd"]}}
    refusal = refused(arms__0__space={"scale_by_temperature": scale, "base_temperature": base})
    assert (refusal.pointer, "no meaning where" in refusal.detail) == ("/arms/0/space/base_temperature", True)
    base["when"] = {"scale_by_temperature": [True]}
    spaces = {"scale_by_temperature": scale, "base_temperature": base}
    refusal = refused(arms__0__space=spaces, arms__0__base={"base_temperature": 0.07})
    assert refusal.pointer == "/arms/0/base/base_temperature"


def test_a_text_is_found_however_deep_it_is_nested() -> None:
    nested: Any = "a\0b"
    for _ in range(5000):
        nested = [nested]
    with pytest.raises(ValidationError, match="without NUL"):
        SweepSpec.model_validate(document(labels=nested))


def test_spec_that_lists_thousands_of_values_is_refused() -> None:
    values = [index / 10_000 for index in range(1000)]
    space = {name: {"kind": "choice", "values": values} for name in ("learning_rate_multiplier", "weight_decay")}
    factors = {**space, "temperature": {"kind": "choice", "values": [value + 0.01 for value in values]}}
    arms = [{"name": f"arm{index}", "objective": "supcon", "space": factors} for index in range(2)]
    document = {"name": "big", "dataset": {"name": "digits"}, "arms": arms, "design": {"kind": "search"}}
    with pytest.raises(ValidationError, match="lists 6,000 values of factors and conditions; accepted: at most 5,000"):
        SweepSpec.model_validate(document)
