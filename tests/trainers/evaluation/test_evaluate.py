"""A classifier measured on a split."""

import torch

from search_spaces.metrics import METRICS
from trainers.datasets.labelled import InMemoryImages
from trainers.distributed import ALONE
from trainers.evaluation.evaluate import evaluate


def test_the_names_are_those_of_the_vocabulary() -> None:
    labelled = InMemoryImages(torch.rand(6, 1, 2, 2), torch.tensor([0, 1, 0, 1, 0, 1]))
    measured: dict[str, float] = {}
    for split in ("val", "test"):
        measured |= evaluate(lambda images_NCHW: images_NCHW.flatten(1)[:, :2], labelled, split, ALONE)
    assert set(measured) == set(METRICS)
