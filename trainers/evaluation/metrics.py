"""Accuracy and proper scores of predicted classes. The names are completed with their split: val_top1, test_nll …"""

# N images, K classes

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, one_hot


def classification_metrics(logits_NK: Tensor, labels_N: Tensor) -> dict[str, float]:
    """top1 and top5 as fractions, nll in nats, brier as squared distance in [0, 2]; each the mean over the images.

    Ties go to the lower class. With five classes or fewer top5 is 1. Brier's sum runs over all classes, as in his own
    definition (1950), so that of two classes is twice the one-sided score.
    """
    logits_NK = logits_NK.double()
    ranking_NK = logits_NK.argsort(dim=1, descending=True, stable=True)
    is_right_NK = ranking_NK == labels_N[:, None]
    error_NK = logits_NK.softmax(dim=1) - one_hot(labels_N, logits_NK.shape[1])
    means = {
        "top1": is_right_NK[:, 0].double().mean(),
        "top5": is_right_NK[:, :5].any(dim=1).double().mean(),
        "nll": cross_entropy(logits_NK, labels_N),
        "brier": error_NK.square().sum(dim=1).mean(),
    }
    values = torch.stack(list(means.values())).tolist()
    return dict(zip(means, values, strict=True))


def confusion_matrix(logits_NK: Tensor, labels_N: Tensor) -> Tensor:
    """How many images of each class (row) are taken for each class (column): K × K, int64. Ties go to the lower."""
    classes = logits_NK.shape[1]
    pairs_N = classes * labels_N + logits_NK.argmax(dim=1)
    return torch.bincount(pairs_N, minlength=classes**2).view(classes, classes)


def class_accuracies(confusion_KK: Tensor) -> list[float | None]:
    """For each class the share of its images that are taken for it; none for a class without images."""
    images_K = confusion_KK.sum(dim=1).tolist()
    return [
        right / images if images else None for right, images in zip(confusion_KK.diag().tolist(), images_K, strict=True)
    ]
