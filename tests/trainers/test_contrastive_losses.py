"""The contrastive objective with losses other than SupCon's, and N-pairs as a case of SupCon."""

import pytest
import torch
from torch import Tensor, nn

from trainers.contrastive import Contrastive
from trainers.datasets.labelled import InMemoryImages
from trainers.distributed import ALONE
from trainers.draws import Draws
from trainers.evaluation.probes import LbfgsProbe
from trainers.losses.embedding_loss import EmbeddingLoss
from trainers.losses.soft_nearest_neighbour import SoftNearestNeighbourLoss
from trainers.losses.supcon import SupConLoss
from trainers.losses.triplet import TripletLoss

LABELS = torch.arange(20) % 2
NOISE = torch.rand(20, 1, 2, 2, generator=torch.Generator().manual_seed(0))
IMAGES = NOISE / 2 + LABELS[:, None, None, None] * torch.tensor([[0.5, 0], [0, 0.5]])
LOSSES = [TripletLoss(0.2), SoftNearestNeighbourLoss(0.5)]


def brighten(images_BCHW: Tensor, draws: Draws) -> Tensor:
    return images_BCHW * draws.uniform(0, 1, len(images_BCHW)).view(-1, 1, 1, 1)


def objective(loss: EmbeddingLoss) -> Contrastive:
    torch.manual_seed(0)
    probe = LbfgsProbe(classes=2, weight_decay=1e-3, max_iterations=100)
    return Contrastive(nn.Flatten(), nn.Linear(4, 3), loss, brighten, probe=probe, world=ALONE)


@pytest.mark.parametrize("loss", LOSSES)
def test_the_loss_is_that_of_two_different_views_of_each_image(loss: EmbeddingLoss) -> None:
    trained = objective(loss)
    found = trained.training_loss(IMAGES, LABELS, Draws(torch.Generator().manual_seed(3))).loss
    factors = torch.rand(40, 1, generator=torch.Generator().manual_seed(3))
    views = IMAGES.flatten(1).repeat_interleave(2, dim=0) * factors
    embeddings, labels = trained.projection(views), LABELS.repeat_interleave(2)
    expected = loss.against(embeddings, labels, embeddings, labels, torch.arange(40)).mean()
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("loss", LOSSES)
def test_equal_embeddings_cost_the_uninformed_loss_and_have_no_spread(loss: EmbeddingLoss) -> None:
    trained = objective(loss)
    nn.init.zeros_(trained.projection.weight)  # type: ignore[arg-type]
    batch = trained.training_loss(IMAGES, LABELS, Draws(torch.Generator().manual_seed(3)))
    assert batch.loss.item() == pytest.approx(batch.uninformed_loss, rel=1e-5)
    assert batch.spread < 1e-9


def test_the_classifier_is_a_probe_of_the_encoder_without_its_projection() -> None:
    trained = objective(TripletLoss())
    nn.init.zeros_(trained.projection.weight)  # type: ignore[arg-type]
    logits = trained.fit_classifier(InMemoryImages(IMAGES, LABELS))(IMAGES)
    assert torch.equal(logits.argmax(dim=1), LABELS)


def test_n_pairs_is_supcon_with_one_positive_and_a_temperature_of_one() -> None:
    """Sohn (2016), Eq. 6: log(1 + Σ exp(f·f⁻ − f·f⁺)) over the negatives, f⁺ the other view of the image."""
    rows = torch.randn(12, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    labels = torch.tensor([0, 1, 2, 0, 1, 0])
    by_row = labels.repeat_interleave(2)
    losses = []
    for i in range(12):
        positive = rows[i] @ rows[i ^ 1]
        negatives = [rows[i] @ rows[j] - positive for j in range(12) if by_row[j] != by_row[i]]
        losses.append(torch.log(1 + torch.stack(negatives).exp().sum()))
    found = SupConLoss(temperature=1.0, positives_cap=1)(rows.view(6, 2, 4), labels)
    torch.testing.assert_close(found, torch.stack(losses).mean())
