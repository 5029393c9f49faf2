"""Large-margin softmax against the equations of arXiv:1612.02295 with angles."""

import math

import pytest
import torch
from pytorch_metric_learning.losses import LargeMarginSoftmaxLoss
from torch.nn.functional import cross_entropy

from trainers.losses.large_margin import easing_at, large_margin_logits


def logit_by_angle(x: torch.Tensor, w: torch.Tensor, margin: int, easing: float) -> float:
    lengths = float(x.norm() * w.norm())
    angle = math.acos(float(x @ w) / lengths)
    k = next(k for k in range(margin) if angle <= (k + 1) * math.pi / margin)
    psi = (-1) ** k * math.cos(margin * angle) - 2 * k
    return lengths * (easing * math.cos(angle) + psi) / (1 + easing)


@pytest.mark.parametrize("easing", [0.0, 0.5, 1000.0])
@pytest.mark.parametrize("margin", [1, 2, 3, 4])
def test_the_right_logit_follows_the_angle_and_the_others_stay(margin: int, easing: float) -> None:
    generator = torch.Generator().manual_seed(margin)
    features = torch.randn(40, 2, generator=generator, dtype=torch.float64)
    weights = torch.randn(3, 2, generator=generator, dtype=torch.float64)
    labels = torch.arange(40) % 3
    found = large_margin_logits(features, weights, labels, margin, easing)
    for row, label in enumerate(labels.tolist()):
        for k in range(3):
            plain = float(features[row] @ weights[k])
            wanted = logit_by_angle(features[row], weights[k], margin, easing) if k == label else plain
            assert found[row, k].item() == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("margin", [2, 3, 4])
def test_the_gradient_is_the_slope(margin: int) -> None:
    generator = torch.Generator().manual_seed(7)
    features = torch.randn(6, 4, generator=generator, dtype=torch.float64).requires_grad_()
    weights = torch.randn(3, 4, generator=generator, dtype=torch.float64).requires_grad_()
    labels = torch.arange(6) % 3
    assert torch.autograd.gradcheck(lambda x, w: large_margin_logits(x, w, labels, margin, 0.1), (features, weights))


def test_a_margin_of_one_is_cross_entropy() -> None:
    features, weights = torch.randn(6, 4), torch.randn(3, 4)
    labels = torch.arange(6) % 3
    found = cross_entropy(large_margin_logits(features, weights, labels, 1, 0.0), labels)
    torch.testing.assert_close(found, cross_entropy(features @ weights.T, labels))


def test_features_of_length_zero_give_finite_gradients() -> None:
    features = torch.zeros(3, 4, requires_grad=True)
    large_margin_logits(features, torch.ones(3, 4), torch.arange(3), 4, 0.0).sum().backward()
    assert features.grad is not None
    assert features.grad.isfinite().all()


def test_the_margin_sets_in_as_in_the_authors_code_over_20_000_steps() -> None:
    for step in (0, 100, 5_000, 20_000):
        assert easing_at(step / 20_000) == pytest.approx(1000 * (1 + 2.5e-5 * step) ** -35)


@pytest.mark.parametrize("margin", [2, 3, 4])
def test_without_easing_it_is_that_of_pytorch_metric_learning(margin: int) -> None:
    torch.manual_seed(0)
    features, labels = torch.randn(20, 4), torch.arange(20) % 3
    reference = LargeMarginSoftmaxLoss(num_classes=3, embedding_size=4, margin=margin)
    found = cross_entropy(large_margin_logits(features, reference.W.T, labels, margin, 0.0), labels)
    torch.testing.assert_close(found, reference(features, labels))
