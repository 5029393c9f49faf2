"""The metrics of a trial: their goals, ranges and what guessing would score.

A sweep selects on validation metrics alone; test metrics are measured once, at the end of a trial.
"""

import math
from dataclasses import dataclass
from typing import Literal

Goal = Literal["maximize", "minimize"]
Needs = Literal["nothing", "calibration", "corruptions", "imagenet"]
"""What the spec's `evaluation` must ask for: nothing, calibration, any suite of corruptions, or that of ImageNet."""


@dataclass(frozen=True)
class Metric:
    """One metric: accuracies, errors and calibration errors are fractions in [0, 1], losses are in nats."""

    name: str
    goal: Goal
    description: str
    needs: Needs

    def chance_level(self, classes: int) -> float:
        """The score of a uniform guess among `classes` classes.

        Raises ValueError where it is no bad score: a uniform guess is perfectly calibrated, and loses nothing to a
        corruption.
        """
        kind = self.name.partition("_")[2]
        uniform = 1 / classes
        levels = {
            "top1": uniform,
            "top5": min(5 * uniform, 1.0),
            "nll": math.log(classes),
            "brier": 1 - uniform,
            "nll_scaled": math.log(classes),
            "brier_scaled": 1 - uniform,
            "corruption_error": 1 - uniform,
        }
        if kind not in levels:
            raise ValueError(f"{self.name} has no chance level; accepted: {', '.join(levels)} of a split")
        return levels[kind]


_ECE = "expected calibration error, 15 bins of equal width"
_FLOOR = "the calibration error that chance alone gives with these confidences"
_SCALED = "after temperature scaling on validation"

_KINDS: dict[str, tuple[Goal, Needs, str]] = {
    "top1": ("maximize", "nothing", "share of images whose most likely class is right"),
    "top5": ("maximize", "nothing", "share of images whose right class is among the five most likely"),
    "nll": ("minimize", "nothing", "mean negative log-likelihood of the right class, in nats"),
    "brier": ("minimize", "nothing", "mean squared distance of the predicted distribution from the right one"),
    "ece": ("minimize", "calibration", _ECE),
    "ece_floor": ("minimize", "calibration", _FLOOR),
}
"""What both splits are measured by."""

_TEST_KINDS: dict[str, tuple[Goal, Needs, str]] = {
    "nll_scaled": ("minimize", "calibration", f"nll {_SCALED}"),
    "brier_scaled": ("minimize", "calibration", f"brier {_SCALED}"),
    "ece_scaled": ("minimize", "calibration", f"{_ECE}, {_SCALED}"),
    "ece_floor_scaled": ("minimize", "calibration", f"{_FLOOR}, {_SCALED}"),
    "corruption_error": ("minimize", "corruptions", "mean error over 15 corruptions × 5 severities"),
    "mce": ("minimize", "imagenet", "mean corruption error relative to AlexNet's; may exceed 1"),
    "relative_mce": ("minimize", "imagenet", "what corruptions add to the error, relative to AlexNet; may exceed 1"),
}

METRICS: dict[str, Metric] = {
    f"{split}_{kind}": Metric(f"{split}_{kind}", goal, f"{description}, on the {split} split", needs)
    for split, kinds in (("val", _KINDS), ("test", _KINDS | _TEST_KINDS))
    for kind, (goal, needs, description) in kinds.items()
}
"""Every metric that a trial may end with, by name; those that need nothing it always ends with."""

SWEEP_METRICS = [name for name, metric in METRICS.items() if name.startswith("val_") and metric.needs == "nothing"]
"""What a sweep may be scored by. Calibration errors are none: a model that knows nothing has the best."""
