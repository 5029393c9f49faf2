"""Metrics against loops over images."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from search_spaces.metrics import METRICS
from trainers.evaluation.metrics import class_accuracies, classification_metrics, confusion_matrix


def loop_over_images(logits_NC: NDArray[np.float64], labels_N: NDArray[np.int64]) -> dict[str, float]:
    sums = {"top1": 0.0, "top5": 0.0, "nll": 0.0, "brier": 0.0}
    for logits_C, label in zip(logits_NC, labels_N, strict=True):
        weights = [math.exp(logit - max(logits_C)) for logit in logits_C]
        probabilities = [weight / sum(weights) for weight in weights]
        better = sum(logit > logits_C[label] for logit in logits_C)
        sums["top1"] += better < 1
        sums["top5"] += better < 5
        sums["nll"] -= math.log(probabilities[label])
        sums["brier"] += sum((p - (c == label)) ** 2 for c, p in enumerate(probabilities))
    return {name: total / len(labels_N) for name, total in sums.items()}


@pytest.mark.parametrize(("images", "classes"), [(1, 2), (50, 3), (200, 10)])
def test_metrics_equal_a_loop_over_images(images: int, classes: int) -> None:
    generator = np.random.default_rng(images)
    logits_NC = generator.normal(size=(images, classes)) * 3
    labels_N = generator.integers(classes, size=images)
    metrics = classification_metrics(torch.from_numpy(logits_NC), torch.from_numpy(labels_N))
    assert metrics == pytest.approx(loop_over_images(logits_NC, labels_N), rel=1e-12)


def test_equal_logits_score_the_chance_level_of_the_vocabulary() -> None:
    metrics = classification_metrics(torch.zeros(100, 10), torch.arange(100) % 10)
    assert metrics == pytest.approx({name: METRICS[f"val_{name}"].chance_level(10) for name in metrics})


def test_a_certain_and_wrong_prediction_costs_finite_nats() -> None:
    metrics = classification_metrics(torch.tensor([[1e4, 0.0]]), torch.tensor([1]))
    assert metrics == {"top1": 0.0, "top5": 1.0, "nll": 1e4, "brier": 2.0}


def test_nan_logits_are_not_hidden() -> None:
    assert math.isnan(classification_metrics(torch.full((2, 3), math.nan), torch.tensor([0, 1]))["nll"])


def test_the_confusion_matrix_counts_rights_and_wrongs_by_class() -> None:
    generator = np.random.default_rng(0)
    logits_NK, labels_N = generator.normal(size=(100, 4)), generator.integers(3, size=100)
    expected_KK = np.zeros((4, 4), dtype=int)
    for logits_K, label in zip(logits_NK, labels_N, strict=True):
        expected_KK[label, max(range(4), key=lambda k, logits_K=logits_K: logits_K[k])] += 1
    confusion_KK = confusion_matrix(torch.from_numpy(logits_NK), torch.from_numpy(labels_N))
    np.testing.assert_array_equal(confusion_KK, expected_KK)
    right_K = [expected_KK[k, k] / expected_KK[k].sum() for k in range(3)]
    assert class_accuracies(confusion_KK) == [pytest.approx(right) for right in right_K] + [None]


def test_the_confusion_matrix_agrees_with_top1_on_ties() -> None:
    logits_NK, labels_N = torch.tensor([[1.0, 1.0, 0.0]] * 2), torch.tensor([0, 1])
    assert confusion_matrix(logits_NK, labels_N).diag().sum() / 2 == classification_metrics(logits_NK, labels_N)["top1"]
