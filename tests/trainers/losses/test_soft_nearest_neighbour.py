"""The soft nearest-neighbour loss against Eq. 1 of arXiv:1902.01889 as it is written."""

import pytest
import torch
from torch import Tensor

from trainers.losses.soft_nearest_neighbour import SoftNearestNeighbourLoss


def loss_by_loops(embeddings: Tensor, labels: Tensor, temperature: float) -> Tensor:
    losses = []
    for i in range(len(labels)):
        others = [j for j in range(len(labels)) if j != i]
        terms = {j: torch.exp(-(embeddings[i] - embeddings[j]).square().sum() / temperature) for j in others}
        same = [terms[j] for j in others if labels[j] == labels[i]]
        if same:
            losses.append(-torch.log(torch.stack(same).sum() / torch.stack(list(terms.values())).sum()))
    return torch.stack(losses).mean()


def loss_of(embeddings: Tensor, labels: Tensor, temperature: float) -> Tensor:
    columns = torch.arange(len(labels))
    return SoftNearestNeighbourLoss(temperature).against(embeddings, labels, embeddings, labels, columns).mean()


@pytest.mark.parametrize("temperature", [0.1, 1.0, 10.0])
@pytest.mark.parametrize(("rows", "classes"), [(6, 1), (12, 3), (9, 6), (2, 1)])
def test_loss_and_gradient_equal_the_equation_for_rows_of_any_length(
    rows: int, classes: int, temperature: float
) -> None:
    generator = torch.Generator().manual_seed(rows)
    embeddings = torch.randn(rows, 3, generator=generator, dtype=torch.float64).requires_grad_()
    labels = torch.arange(rows) % classes
    expected, loss = loss_by_loops(embeddings, labels, temperature), loss_of(embeddings, labels, temperature)
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(torch.autograd.grad(loss, embeddings), torch.autograd.grad(expected, embeddings))


def test_no_positives_give_zero_with_a_zero_gradient() -> None:
    embeddings = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    loss = loss_of(embeddings, torch.arange(5), 0.1)
    (gradient,) = torch.autograd.grad(loss, embeddings)
    assert loss == 0
    assert torch.equal(gradient, torch.zeros(5, 3))
    assert SoftNearestNeighbourLoss(0.1).of_equal_embeddings(torch.arange(5)) == 0


def test_the_cost_of_equal_embeddings_depends_on_the_classes() -> None:
    labels = torch.tensor([0, 0, 0, 1, 1, 2])
    cost = SoftNearestNeighbourLoss(0.1).of_equal_embeddings(labels)
    assert loss_of(torch.ones(6, 4) / 2, labels, 0.1).item() == pytest.approx(cost, rel=1e-5)
