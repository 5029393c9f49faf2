"""Wrong labels on purpose, to measure what an objective makes of them."""

import torch
from torch import Tensor

from trainers.datasets.splits import Splits


def with_label_noise(labels_N: Tensor, share: float, classes: int, generator: torch.Generator) -> Tensor:
    """Symmetric noise as in arXiv:1712.09482: `share` of the labels become another class, each as likely as the rest.

    Exactly round(share · N) labels are wrong, where drawing from all classes (arXiv:1611.03530) would leave some right
    and make the share depend on their number. `share` is in [0, 1), `generator` on the CPU.
    Raises ValueError if a class loses its last label.
    """
    wrong_M = torch.randperm(len(labels_N), generator=generator)[: round(share * len(labels_N))]
    shifts_M = torch.randint(1, classes, (len(wrong_M),), generator=generator)
    noisy_N = labels_N.cpu().clone()
    noisy_N[wrong_M] = (noisy_N[wrong_M] + shifts_M) % classes
    absent = sorted(set(range(classes)) - set(noisy_N.tolist()))
    if absent:
        raise ValueError(
            f"label_noise {share} leaves no training image of the classes {absent} among {len(labels_N)}; accepted: "
            "a smaller share, or more images"
        )
    return noisy_N.to(labels_N.device)


def with_noisy_training(splits: Splits, share: float, generator: torch.Generator) -> Splits:
    """The splits with noise in the training labels alone: validation and test stay clean."""
    labels_N = with_label_noise(splits.train.labels, share, splits.classes, generator)
    return Splits(splits.train.with_labels(labels_N), splits.val, splits.test, splits.classes)
