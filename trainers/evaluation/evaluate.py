"""Measures a classifier on one split. Every objective is judged through this one door."""

from trainers.datasets.labelled import LabelledImages
from trainers.distributed import World
from trainers.evaluation.inference import Frozen, outputs_of
from trainers.evaluation.metrics import classification_metrics


def evaluate(classifier: Frozen, labelled: LabelledImages, split: str, world: World) -> dict[str, float]:
    """The classification metrics, their names preceded by the split's: `val_top1`, `test_nll` …"""
    metrics = classification_metrics(outputs_of(classifier, labelled, world), labelled.labels)
    return {f"{split}_{name}": value for name, value in metrics.items()}
