"""Specs to draw from: fixed ones by factory, and random legal ones for the properties."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import strategies as st

from search_spaces.presets import PRESETS
from search_spaces.presets.vary import vary
from search_spaces.sweep_spec import SweepSpec
from service.search.designs import PlannedTrial
from service.search.study import PastTrial
from service.search.suggestions import draw_next

_LOG_FLOAT = {"kind": "float", "low": 0.01, "high": 10.0, "log": True}
_SHARED: dict[str, dict[str, Any]] = {
    "learning_rate_multiplier": _LOG_FLOAT,
    "batch_size": {"kind": "choice", "values": [32, 64, 128]},
    "optimizer": {"kind": "choice", "values": ["sgd", "lars", "adamw"]},
    "augmentation": {"kind": "choice", "values": ["none", "basic", "randaugment"]},
    "augmentation_magnitude": {"kind": "int", "low": 3, "high": 12, "when": {"augmentation": ["randaugment"]}},
    "momentum": {"kind": "float", "low": 0.1, "high": 0.95, "step": 0.2, "when": {"optimizer": ["sgd", "lars"]}},
    "weight_decay": {"kind": "float", "low": 1e-6, "high": 1e-2, "log": True, "when": {"momentum": [0.1, 0.5]}},
    "gradient_clip": {"kind": "choice", "values": [None, 1, 5.0]},
    "epochs": {"kind": "int", "low": 5, "high": 50, "log": True},
    "warmup_epochs": {"kind": "int", "low": 0, "high": 5, "step": 2},
    "schedule": {"kind": "choice", "values": ["cosine", "step"], "when": {"epochs": [10, 11]}},
}
_OWN: dict[str, dict[str, Any]] = {
    "supcon": {
        "temperature": {"kind": "float", "low": 0.05, "high": 0.5},
        "embedding_normalised": {"kind": "choice", "values": [False, True]},
        "projection_dim": {"kind": "int", "low": 16, "high": 64, "when": {"embedding_normalised": [True]}},
    },
    "cross_entropy": {
        "label_smoothing": {"kind": "float", "low": 0.0, "high": 0.2, "step": 0.07},
        "encoder": {"kind": "choice", "values": ["tiny_resnet"]},
    },
}
_FEW_SHARED: dict[str, dict[str, Any]] = {
    "augmentation": {"kind": "choice", "values": ["none", "basic", "randaugment"]},
    "augmentation_magnitude": {"kind": "int", "low": 8, "high": 10, "when": {"augmentation": ["randaugment"]}},
    "momentum": {"kind": "float", "low": 0.1, "high": 0.9, "step": 0.4},
    "gradient_clip": {"kind": "choice", "values": [None, 1], "when": {"momentum": [0.5, 0.9]}},
}
_FEW_OWN: dict[str, dict[str, Any]] = {
    "supcon": {
        "temperature": {"kind": "choice", "values": [0.05, 0.1, 0.2], "when": {"embedding_normalised": [True]}},
        "embedding_normalised": {"kind": "choice", "values": [False, True]},
    },
    "cross_entropy": {"label_smoothing": {"kind": "choice", "values": [0.0, 0.1]}},
}


@pytest.fixture(scope="session")
def random_specs() -> st.SearchStrategy[SweepSpec]:
    """Legal paired specs: any factors with their conditions, two or three arms, replicates, either matching."""
    return _specs()


@pytest.fixture(scope="session")
def undrawn_specs() -> st.SearchStrategy[SweepSpec]:
    """Legal grids and one-at-a-time designs: factors of few values with their conditions, replicates."""
    return _undrawn_specs()


@pytest.fixture(scope="session")
def search_spec() -> Callable[..., SweepSpec]:
    """Makes a search over the demo's arms and factors; keywords change the design."""

    def make(pruning: dict[str, Any] | None = None, **design: Any) -> SweepSpec:
        changed = {"kind": "search", "sampler": "tpe", "configurations": 40, **design}
        return vary(PRESETS["digits_demo"](), design=changed, pruning=pruning or {})

    return make


@pytest.fixture(scope="session")
def run_search() -> Callable[..., list[PastTrial]]:
    """Runs a search for some trials after `history`; `end` turns a freshly drawn trial into an ended one."""

    def run(
        spec: SweepSpec, trials: int, end: Callable[[PastTrial], PastTrial], history: Sequence[PastTrial] = ()
    ) -> list[PastTrial]:
        history = list(history)
        for _ in range(trials):
            drawn = draw_next(spec, history)
            history.append(end(_planned(drawn)))
        return history

    return run


def _planned(drawn: PlannedTrial) -> PastTrial:
    """The trial as the ledger knows it before it has ended."""
    place = (drawn.number, drawn.arm, drawn.point, drawn.replicate)
    return PastTrial(*place, drawn.config, None, None, {}, drawn.search_attributes)


@st.composite
def _specs(draw: st.DrawFn) -> SweepSpec:
    objectives = draw(st.lists(st.sampled_from(["supcon", "cross_entropy"]), min_size=2, max_size=3))
    arms = [_arm(draw, f"{objective}-{index}", objective) for index, objective in enumerate(objectives)]
    shared = _some_factors(draw, {"learning_rate_multiplier": _LOG_FLOAT}, _SHARED)
    return SweepSpec.model_validate(
        {
            "name": "random",
            "dataset": {"name": "digits"},
            "arms": arms,
            "shared": shared,
            "design": {
                "kind": "paired",
                "sampler": draw(st.sampled_from(["sobol", "random"])),
                "configurations": draw(st.integers(1, 6)),
                "replicates": draw(st.integers(1, 3)),
                "replicated_fraction": draw(st.sampled_from([0.3, 1.0])),
                "match": draw(st.sampled_from(["epochs", "image_passes"])),
                "seed": draw(st.integers(0, 2**31 - 1)),
            },
        }
    )


@st.composite
def _undrawn_specs(draw: st.DrawFn) -> SweepSpec:
    # The base meets every condition of the menus, as one_at_a_time asks.
    base = {"augmentation": "randaugment", "momentum": 0.5, "embedding_normalised": True, "epochs": 6}
    objectives = draw(st.lists(st.sampled_from(["supcon", "cross_entropy"]), min_size=1, max_size=3))
    arms = [
        {
            "name": f"{objective}-{index}",
            "objective": objective,
            "base": {name: value for name, value in base.items() if objective == "supcon" or "embed" not in name},
            "space": _some_factors(draw, {}, _FEW_OWN[objective]),
        }
        for index, objective in enumerate(objectives)
    ]
    design = {
        "kind": draw(st.sampled_from(["one_at_a_time", "grid"])),
        "replicates": draw(st.integers(1, 2)),
        "replicated_fraction": draw(st.sampled_from([0.3, 1.0])),
        "match": draw(st.sampled_from(["epochs", "image_passes"])),
        "seed": draw(st.integers(0, 2**31 - 1)),
    }
    document = {"name": "random", "dataset": {"name": "digits"}, "arms": arms, "design": design}
    always = {"label_noise": {"kind": "choice", "values": [0.0, 0.1]}}
    return SweepSpec.model_validate({**document, "shared": _some_factors(draw, always, _FEW_SHARED)})


def _arm(draw: st.DrawFn, name: str, objective: str) -> dict[str, Any]:
    base = {"gradient_clip": 3.0, "epochs": draw(st.integers(5, 60)), "warmup_epochs": draw(st.floats(0, 5))}
    return {"name": name, "objective": objective, "base": base, "space": _some_factors(draw, {}, _OWN[objective])}


def _some_factors(draw: st.DrawFn, always: dict[str, Any], menu: dict[str, Any]) -> dict[str, Any]:
    """Some of the menu in any order, with every factor that a condition names."""
    chosen = dict(always)
    for name in draw(st.permutations(sorted(menu))):
        if draw(st.booleans()):
            chosen[name] = menu[name]
    while missing := [other for one in chosen.values() for other in one.get("when", {}) if other not in chosen]:
        chosen |= {name: menu[name] for name in missing}
    return chosen
