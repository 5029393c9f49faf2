"""Measures a classifier on one split. Every objective is judged through this one door."""

# N images, C classes

from collections.abc import Callable

from torch import Tensor

from trainers.datasets.splits import LabelledImages
from trainers.evaluation.metrics import classification_metrics

Classifier = Callable[[Tensor], Tensor]
"""From images_NCHW to logits_NC."""


def evaluate(classifier: Classifier, labelled: LabelledImages, split: str) -> dict[str, float]:
    """The classification metrics, their names preceded by the split's: `val_top1`, `test_nll` …"""
    metrics = classification_metrics(classifier(labelled.images), labelled.labels)
    return {f"{split}_{name}": value for name, value in metrics.items()}
