"""The metrics of a trial: their goals, ranges and what guessing would score.

A sweep selects on validation metrics alone; test metrics are measured once, at the end of a trial.
"""

import math
from dataclasses import dataclass
from typing import Literal

Goal = Literal["maximize", "minimize"]


@dataclass(frozen=True)
class Metric:
    """One metric: accuracies and calibration errors are fractions in [0, 1], losses are in nats."""

    name: str
    goal: Goal
    description: str

    def chance_level(self, classes: int) -> float:
        """The score of a uniform guess among `classes` classes."""
        kind = self.name.partition("_")[2]
        uniform = 1 / classes
        levels = {
            "top1": uniform,
            "top5": min(5 * uniform, 1.0),
            "nll": math.log(classes),
            "brier": 1 - uniform,
        }
        return levels[kind]


_KINDS: dict[str, tuple[Goal, str]] = {
    "top1": ("maximize", "share of images whose most likely class is right"),
    "top5": ("maximize", "share of images whose right class is among the five most likely"),
    "nll": ("minimize", "mean negative log-likelihood of the right class, in nats"),
    "brier": ("minimize", "mean squared distance of the predicted distribution from the right one"),
}

METRICS: dict[str, Metric] = {
    f"{split}_{kind}": Metric(f"{split}_{kind}", goal, f"{description}, on the {split} split")
    for split in ("val", "test")
    for kind, (goal, description) in _KINDS.items()
}
"""Every metric that a trial ends with, by name."""

SWEEP_METRICS = [name for name in METRICS if name.startswith("val_")]
"""What a sweep may be scored by."""
