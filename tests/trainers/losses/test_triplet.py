"""The triplet loss against loops over FaceNet's rule."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from trainers.losses.triplet import TripletLoss


def draw(rows: int, classes: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    embeddings = normalize(torch.randn(rows, 4, generator=generator, dtype=torch.float64), dim=1)
    return embeddings.requires_grad_(), torch.randint(classes, (rows,), generator=generator)


def loss_by_loops(embeddings: Tensor, labels: Tensor, margin: float) -> Tensor:
    losses = []
    for anchor in range(len(labels)):
        others = [other for other in range(len(labels)) if other != anchor]
        distances = {other: (embeddings[anchor] - embeddings[other]).square().sum() for other in others}
        positives = [distances[other] for other in others if labels[other] == labels[anchor]]
        negatives = [distances[other] for other in others if labels[other] != labels[anchor]]
        if not positives or not negatives:
            continue
        hinges = []
        for positive in positives:
            farther = [negative for negative in negatives if negative > positive]
            hinges.append((positive - (min(farther) if farther else max(negatives)) + margin).clamp(min=0))
        losses.append(torch.stack(hinges).mean())
    return torch.stack(losses).mean()


def loss_of(embeddings: Tensor, labels: Tensor, margin: float = 0.2) -> Tensor:
    columns = torch.arange(len(labels))
    return TripletLoss(margin).against(embeddings, labels, embeddings, labels, columns).mean()


@pytest.mark.parametrize("margin", [0.05, 0.2, 1.0])
@pytest.mark.parametrize(("rows", "classes"), [(6, 2), (12, 3), (9, 5), (20, 2)])
def test_loss_and_gradient_equal_the_loops(rows: int, classes: int, margin: float) -> None:
    embeddings, labels = draw(rows, classes, seed=rows)
    expected = loss_by_loops(embeddings, labels, margin)
    loss = loss_of(embeddings, labels, margin)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(torch.autograd.grad(loss, embeddings), torch.autograd.grad(expected, embeddings))


@pytest.mark.parametrize("labels", [torch.zeros(5, dtype=torch.int64), torch.arange(5)])
def test_no_negative_or_no_positive_gives_zero_with_a_zero_gradient(labels: Tensor) -> None:
    embeddings, _ = draw(5, 1, seed=1)
    loss = loss_of(embeddings, labels)
    (gradient,) = torch.autograd.grad(loss, embeddings)
    assert loss == 0
    assert torch.equal(gradient, torch.zeros_like(gradient))


def test_equal_embeddings_cost_the_margin() -> None:
    labels = torch.arange(8) % 2
    assert loss_of(torch.ones(8, 4) / 2, labels, 0.3).item() == pytest.approx(0.3)
    assert TripletLoss(0.3).of_equal_embeddings(labels) == 0.3


def test_a_margin_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="margin must be > 0, got 0"):
        TripletLoss(0)
