"""Projections: widths, lengths, and the arithmetic of each kind."""

import pytest
import torch
from torch import nn
from torch.nn.functional import relu

from trainers.models.projections import ProjectionKind, make_projection

KINDS: list[ProjectionKind] = ["none", "linear", "mlp"]


@pytest.mark.parametrize("kind", KINDS)
def test_normalised_embeddings_lie_on_the_unit_sphere(kind: ProjectionKind) -> None:
    embeddings = make_projection(kind, 12, 5, normalised=True)(torch.randn(7, 12))
    assert embeddings.shape == (7, 12 if kind == "none" else 5)
    torch.testing.assert_close(embeddings.norm(dim=1), torch.ones(7))


@pytest.mark.parametrize("kind", KINDS)
def test_length_of_the_features_does_not_matter(kind: ProjectionKind) -> None:
    projection, features = make_projection(kind, 12, 5, normalised=False), torch.randn(7, 12)
    torch.testing.assert_close(projection(features * 100), projection(features))


def test_mlp_is_two_layers_with_a_relu_on_unit_features() -> None:
    projection, features = make_projection("mlp", 6, 3, normalised=False), torch.randn(4, 6)
    first, second = (layer for layer in projection.modules() if isinstance(layer, nn.Linear))
    assert first.weight.shape == (6, 6)
    assert second.bias is None
    unit = features / features.norm(dim=1, keepdim=True)
    torch.testing.assert_close(projection(features), relu(unit @ first.weight.T + first.bias) @ second.weight.T)


def test_linear_is_one_matrix_on_unit_features() -> None:
    projection, features = make_projection("linear", 6, 3, normalised=False), torch.randn(4, 6)
    (matrix,) = projection.parameters()
    torch.testing.assert_close(projection(features), features / features.norm(dim=1, keepdim=True) @ matrix.T)


def test_features_of_zeros_have_finite_embeddings_and_gradients() -> None:
    features = torch.zeros(2, 6, requires_grad=True)
    make_projection("mlp", 6, 3, normalised=True)(features).sum().backward()
    assert features.grad.isfinite().all()
