"""Measures a classifier. Every objective is judged through this one door."""

# N images, K classes

from dataclasses import dataclass, field
from typing import Any, Literal

from torch import Tensor

from trainers.datasets.labelled import LabelledImages
from trainers.datasets.splits import Splits
from trainers.distributed import World
from trainers.evaluation.calibration import calibration_error, calibration_floor, confidences_and_hits, fit_temperature
from trainers.evaluation.corruption_errors import alexnet_mce, mean_corruption_error, predict_corrupted, relative_mce
from trainers.evaluation.corruptions.suites import SUITES, SuiteName
from trainers.evaluation.inference import Frozen, outputs_of
from trainers.evaluation.metrics import class_accuracies, classification_metrics, confusion_matrix


def evaluate(classifier: Frozen, labelled: LabelledImages, split: str, world: World) -> dict[str, float]:
    """The classification metrics, their names preceded by the split's: `val_top1`, `test_nll` …"""
    return _named(split, classification_metrics(outputs_of(classifier, labelled, world), labelled.labels))


@dataclass
class Evaluated:
    """All that is measured of a trial at its end."""

    metrics: dict[str, float] = field(default_factory=dict)
    """By the names of the vocabulary, `val_…` and `test_…`."""
    details: dict[str, Any] = field(default_factory=dict)
    """What is no single number, ready for JSON; docs/evaluation.md names every entry."""


def evaluate_fully(
    classifier: Frozen,
    splits: Splits,
    *,
    calibration: bool,
    corruptions: SuiteName | Literal["none"],
    world: World,
) -> Evaluated:
    """Validation and test metrics, with calibration and corruptions if wished. Nothing is fitted to the test images.

    All workers call it and get the same.
    """
    val_logits_NK = outputs_of(classifier, splits.val, world)
    test_logits_NK = outputs_of(classifier, splits.test, world)
    evaluated = Evaluated()
    for split, logits_NK, labels_N in (
        ("val", val_logits_NK, splits.val.labels),
        ("test", test_logits_NK, splits.test.labels),
    ):
        evaluated.metrics |= _named(split, classification_metrics(logits_NK, labels_N))
        confusion_KK = confusion_matrix(logits_NK, labels_N)
        evaluated.details[split] = {
            "class_accuracies": class_accuracies(confusion_KK),
            "confusion": confusion_KK.tolist(),
        }
        if calibration:
            evaluated.metrics |= _named(split, _calibration(logits_NK, labels_N))
    if calibration:
        _add_scaled(evaluated, test_logits_NK, splits.test.labels, fit_temperature(val_logits_NK, splits.val.labels))
    if corruptions != "none":
        _add_corruptions(evaluated, classifier, splits.test, corruptions, world)
    return evaluated


def _calibration(logits_NK: Tensor, labels_N: Tensor) -> dict[str, float]:
    confidences_N, is_right_N = confidences_and_hits(logits_NK, labels_N)
    return {"ece": calibration_error(confidences_N, is_right_N), "ece_floor": calibration_floor(confidences_N)}


def _add_scaled(evaluated: Evaluated, logits_NK: Tensor, labels_N: Tensor, temperature: float) -> None:
    """The test metrics that a temperature changes; it moves no image to another class."""
    scaled_NK = logits_NK.double() / temperature
    measured = classification_metrics(scaled_NK, labels_N) | _calibration(scaled_NK, labels_N)
    changed = {f"{name}_scaled": measured[name] for name in ("nll", "brier", "ece", "ece_floor")}
    evaluated.metrics |= _named("test", changed)
    evaluated.details["temperature"] = temperature


def _add_corruptions(
    evaluated: Evaluated, classifier: Frozen, test: LabelledImages, suite: SuiteName, world: World
) -> None:
    predictions = predict_corrupted(classifier, test, SUITES[suite], world)
    errors = predictions.errors()
    evaluated.metrics["test_corruption_error"] = mean_corruption_error(errors)
    if suite == "imagenet":
        evaluated.metrics["test_mce"] = alexnet_mce(errors)
        evaluated.metrics["test_relative_mce"] = relative_mce(errors, 1 - evaluated.metrics["test_top1"])
    evaluated.details["corruptions"] = {
        "suite": suite,
        "errors": errors,
        "ece_by_severity": predictions.calibration_errors(),
    }


def _named(split: str, metrics: dict[str, float]) -> dict[str, float]:
    return {f"{split}_{name}": value for name, value in metrics.items()}
