"""The cross-entropy objective around plain parts."""

import math

import pytest
import torch
from torch import Tensor, nn

from trainers.cross_entropy import CrossEntropy
from trainers.datasets.labelled import InMemoryImages
from trainers.distributed import ALONE
from trainers.draws import Draws

IMAGES_BCHW = torch.rand(6, 1, 2, 2, generator=torch.Generator().manual_seed(0))
LABELS_B = torch.tensor([0, 1, 2, 0, 1, 2])


def halve(images_BCHW: Tensor, draws: Draws) -> Tensor:
    return images_BCHW / 2


def objective(label_smoothing: float = 0.0) -> CrossEntropy:
    torch.manual_seed(0)
    return CrossEntropy(nn.Flatten(), 4, 3, label_smoothing, halve, world=ALONE)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.3])
def test_the_loss_is_smoothed_cross_entropy_of_the_view(label_smoothing: float) -> None:
    trained = objective(label_smoothing)
    found = trained.training_loss(IMAGES_BCHW, LABELS_B, Draws(torch.Generator())).loss.item()
    total = 0.0
    for image, label in zip(IMAGES_BCHW, LABELS_B.tolist(), strict=True):
        log_probabilities = trained.model((image / 2).reshape(1, 1, 2, 2))[0].log_softmax(dim=0).tolist()
        targets = [label_smoothing / 3 + (1 - label_smoothing) * (c == label) for c in range(3)]
        total -= sum(target * value for target, value in zip(targets, log_probabilities, strict=True))
    assert found == pytest.approx(total / 6, rel=1e-5)


@pytest.mark.parametrize("label_smoothing", [0.0, 0.3])
def test_the_uniform_guess_costs_the_uninformed_loss_and_has_no_spread(label_smoothing: float) -> None:
    trained = objective(label_smoothing)
    for weight in trained.parameters():
        nn.init.zeros_(weight)
    batch = trained.training_loss(IMAGES_BCHW, LABELS_B, Draws(torch.Generator()))
    assert batch.uninformed_loss == pytest.approx(math.log(3))
    assert batch.loss.item() == pytest.approx(batch.uninformed_loss, rel=1e-5)
    assert batch.spread == 0


def test_the_classifier_is_the_trained_head_on_images_as_they_are() -> None:
    trained = objective()
    classifier = trained.fit_classifier(InMemoryImages(IMAGES_BCHW, LABELS_B))
    with torch.no_grad():
        assert torch.equal(classifier(IMAGES_BCHW), trained.model(IMAGES_BCHW))
