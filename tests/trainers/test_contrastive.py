"""The contrastive objective around plain parts."""

import math

import pytest
import torch
from torch import Tensor, nn

from trainers.contrastive import Contrastive
from trainers.datasets.labelled import InMemoryImages
from trainers.distributed import ALONE
from trainers.draws import Draws
from trainers.evaluation.probes import LbfgsProbe
from trainers.losses.supcon import SupConLoss


def brighten(images_BCHW: Tensor, draws: Draws) -> Tensor:
    """Another brightness for every view."""
    return images_BCHW * draws.uniform(0, 1, len(images_BCHW)).view(-1, 1, 1, 1)


def contrastive(encoder: nn.Module | None = None, *, uses_labels: bool = True) -> Contrastive:
    torch.manual_seed(0)
    return Contrastive(
        encoder or nn.Flatten(),
        nn.Linear(4, 3),
        SupConLoss(temperature=0.2),
        brighten,
        uses_labels=uses_labels,
        probe=LbfgsProbe(classes=2, weight_decay=1e-3, max_iterations=100),
        world=ALONE,
    )


@pytest.fixture
def images() -> InMemoryImages:
    labels = torch.arange(20) % 2
    noise = torch.rand(20, 1, 2, 2, generator=torch.Generator().manual_seed(0))
    return InMemoryImages(noise / 2 + labels[:, None, None, None] * torch.tensor([[0.5, 0], [0, 0.5]]), labels)


def test_the_loss_is_that_of_two_different_views_of_each_image(images: InMemoryImages) -> None:
    objective = contrastive()
    found = objective.training_loss(images.images, images.labels, Draws(torch.Generator().manual_seed(3))).loss
    factors = torch.rand(40, 1, 1, 1, generator=torch.Generator().manual_seed(3))
    embeddings = [
        [objective.projection((image * factors[2 * number + view]).reshape(1, 4))[0] for view in range(2)]
        for number, image in enumerate(images.images)
    ]
    expected = SupConLoss(0.2)(torch.stack([torch.stack(views) for views in embeddings]), images.labels)
    torch.testing.assert_close(found, expected)


def test_equal_embeddings_cost_the_uninformed_loss_and_have_no_spread(images: InMemoryImages) -> None:
    objective = contrastive()
    nn.init.zeros_(objective.projection.weight)
    batch = objective.training_loss(images.images, images.labels, Draws(torch.Generator().manual_seed(3)))
    assert batch.uninformed_loss == pytest.approx(0.2 * math.log(39))
    assert batch.loss.item() == pytest.approx(batch.uninformed_loss, rel=1e-5)
    assert batch.spread < 1e-9


def test_the_classifier_is_a_probe_of_the_encoder_without_its_projection(images: InMemoryImages) -> None:
    objective = contrastive()
    nn.init.zeros_(objective.projection.weight)
    logits = objective.fit_classifier(images)(images.images)
    assert torch.equal(logits.argmax(dim=1), images.labels)


def test_measuring_leaves_no_trace_in_the_training(images: InMemoryImages) -> None:
    objective = contrastive(nn.Sequential(nn.BatchNorm2d(1), nn.Flatten()))
    before = {name: value.clone() for name, value in objective.state_dict().items()}
    objective.fit_classifier(images)(images.images)
    assert objective.training
    assert all(torch.equal(value, before[name]) for name, value in objective.state_dict().items())
    assert all(weight.grad is None for weight in objective.parameters())


def test_without_labels_the_loss_does_not_depend_on_them(images: InMemoryImages) -> None:
    def loss(labels_B: Tensor, *, uses_labels: bool) -> Tensor:
        objective = contrastive(uses_labels=uses_labels)
        return objective.training_loss(images.images, labels_B, Draws(torch.Generator().manual_seed(3))).loss

    assert loss(images.labels, uses_labels=False) == loss(torch.zeros(20), uses_labels=False)
    assert loss(images.labels, uses_labels=True) != loss(torch.zeros(20), uses_labels=True)
