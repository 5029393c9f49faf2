"""The linear probe against scikit-learn's logistic regression."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from trainers.evaluation.probe import LinearProbe, fit_probe

CLASSES = 4


@pytest.fixture(name="features_NF")
def overlapping_features() -> Tensor:
    """Classes that overlap, features of very different scales."""
    generator = torch.Generator().manual_seed(0)
    centres = torch.randn(CLASSES, 6, generator=generator)
    noise = torch.randn(120, 6, generator=generator)
    return (centres.repeat(30, 1) + 1.5 * noise) * torch.tensor([0.01, 1, 1, 10, 1, 1]) + 5


@pytest.fixture(name="labels_N")
def labels_in_turn() -> Tensor:
    return torch.arange(120) % CLASSES


def fit(features_NF: Tensor, labels_N: Tensor, weight_decay: float = 1e-3, max_iterations: int = 1000) -> LinearProbe:
    return fit_probe(features_NF, labels_N, classes=CLASSES, weight_decay=weight_decay, max_iterations=max_iterations)


@pytest.mark.parametrize("weight_decay", [1e-3, 1e-1])
def test_the_probe_predicts_what_scikit_learn_predicts(
    features_NF: Tensor, labels_N: Tensor, weight_decay: float
) -> None:
    standardised = StandardScaler().fit_transform(features_NF.double().numpy())
    # scikit-learn minimises C · summed loss + ½‖weights‖²: the same minimum if C = 1 / (images · decay).
    model = LogisticRegression(C=1 / (len(labels_N) * weight_decay), tol=1e-8, max_iter=10_000)
    expected = model.fit(standardised, labels_N.numpy()).predict_proba(standardised)
    found = fit(features_NF, labels_N, weight_decay).logits(features_NF).softmax(dim=1)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-4)


def test_the_scale_and_offset_of_features_do_not_matter(features_NF: Tensor, labels_N: Tensor) -> None:
    features_NF = features_NF.double()
    moved_NF = features_NF * 100 - 7
    torch.testing.assert_close(
        fit(moved_NF, labels_N).logits(moved_NF), fit(features_NF, labels_N).logits(features_NF), atol=1e-5, rtol=1e-5
    )


def test_fitting_twice_gives_the_same_bits(features_NF: Tensor, labels_N: Tensor) -> None:
    one, other = fit(features_NF, labels_N), fit(features_NF, labels_N)
    assert torch.equal(one.weights, other.weights)
    assert torch.equal(one.biases, other.biases)


def test_constant_features_leave_the_class_shares(labels_N: Tensor) -> None:
    labels_N = torch.where(labels_N == 3, 0, labels_N)
    logits_NC = fit(torch.full((120, 6), 0.3), labels_N).logits(torch.full((1, 6), 0.3))
    torch.testing.assert_close(
        logits_NC.softmax(dim=1)[0, :3], torch.tensor([0.5, 0.25, 0.25]).double(), atol=1e-3, rtol=0
    )


def test_one_iteration_is_less_than_convergence(features_NF: Tensor, labels_N: Tensor) -> None:
    assert not torch.allclose(fit(features_NF, labels_N, max_iterations=1).weights, fit(features_NF, labels_N).weights)
