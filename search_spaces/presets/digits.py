"""Sweeps on scikit-learn's handwritten digits: real images that need no download."""

from search_spaces.objectives import Objective
from search_spaces.presets.vary import vary
from search_spaces.sweep_spec import SweepSpec


def digits_demo() -> SweepSpec:
    """SupCon against cross-entropy on digits, 16 paired configurations each; minutes on two cores."""
    return SweepSpec.model_validate(
        {
            "name": "digits-demo",
            "dataset": {"name": "digits"},
            "arms": [
                {
                    "name": "supcon",
                    "objective": "supcon",
                    "base": {"epochs": 15},
                    "space": {"temperature": {"kind": "float", "low": 0.05, "high": 0.5, "log": True}},
                },
                {
                    "name": "cross_entropy",
                    "objective": "cross_entropy",
                    "base": {"epochs": 15},
                    "space": {"label_smoothing": {"kind": "float", "low": 0.0, "high": 0.2}},
                },
            ],
            "shared": {
                "learning_rate_multiplier": {"kind": "float", "low": 0.1, "high": 10.0, "log": True},
                "batch_size": {"kind": "choice", "values": [64, 128, 256]},
                "optimizer": {"kind": "choice", "values": ["sgd", "lars", "rmsprop"]},
                "augmentation": {
                    "kind": "choice",
                    "values": ["autoaugment", "randaugment", "simaugment", "stacked_randaugment"],
                },
                "augmentation_magnitude": {
                    "kind": "int",
                    "low": 3,
                    "high": 12,
                    "when": {"augmentation": ["randaugment", "stacked_randaugment"]},
                },
            },
            "design": {"kind": "paired", "sampler": "sobol", "configurations": 16},
            "budget": {"wall_clock": "30m", "trial_timeout": "10m"},
        }
    )


def digits_smoke() -> SweepSpec:
    """The demo cut to two configurations of a few epochs; seconds on two cores."""
    demo = digits_demo()
    arms = [arm.model_copy(update={"base": {"epochs": 2}}).model_dump(mode="json") for arm in demo.arms]
    return vary(demo, name="digits-smoke", arms=arms, design={"configurations": 2})


def digits_objectives() -> SweepSpec:
    """Every objective on digits at six learning rates around its reference; some minutes on two cores."""
    arms = [
        {"name": name.value, "objective": name.value, "base": {"epochs": 6, "batch_size": 128}} for name in Objective
    ]
    return SweepSpec.model_validate(
        {
            "name": "digits-objectives",
            "dataset": {"name": "digits"},
            "arms": arms,
            "shared": {"learning_rate_multiplier": {"kind": "float", "low": 0.1, "high": 10.0, "log": True}},
            "design": {"kind": "paired", "sampler": "sobol", "configurations": 6},
            "budget": {"wall_clock": "30m", "trial_timeout": "10m"},
        }
    )


def tune_supcon() -> SweepSpec:
    """A search for the best SupCon settings on digits, weak trials stopped early; some minutes on two cores."""
    space = {
        "temperature": {"kind": "float", "low": 0.03, "high": 1.0, "log": True},
        "learning_rate_multiplier": {"kind": "float", "low": 0.1, "high": 10.0, "log": True},
        "weight_decay": {"kind": "float", "low": 1e-6, "high": 1e-2, "log": True},
        "augmentation_magnitude": {"kind": "int", "low": 0, "high": 15},
        "projection_dim": {"kind": "int", "low": 16, "high": 256, "log": True},
    }
    base = {"epochs": 15, "batch_size": 128}
    return SweepSpec.model_validate(
        {
            "name": "tune-supcon",
            "dataset": {"name": "digits"},
            "arms": [{"name": "supcon", "objective": "supcon", "base": base, "space": space}],
            "design": {"kind": "search", "sampler": "tpe", "configurations": 24},
            "pruning": {"kind": "median", "warmup_epochs": 5},
            "budget": {"wall_clock": "30m", "trial_timeout": "10m"},
        }
    )
