"""The linear probe: multinomial logistic regression on frozen features, fitted to convergence.

It stands for the paper's second stage (arXiv:2004.11362, Sec. 3.1) without that stage's own hyperparameters, which
would blur what a sweep measures.
"""

# N images, F features, C classes

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, linear

TOLERANCE = 1e-5
"""Largest entry of the gradient at which the fit has converged; tighter changed no prediction on digits."""
SMALLEST_DEVIATION = 1e-6
"""A feature that varies less is a constant (a dead unit) and is not blown up."""


@dataclass(frozen=True)
class LinearProbe:
    """A linear classifier of features that are standardised first."""

    mean: Tensor
    """F, subtracted from the features."""
    deviation: Tensor
    """F, what they are then divided by; > 0."""
    weights: Tensor
    """C × F."""
    biases: Tensor
    """C."""

    def logits(self, features_NF: Tensor) -> Tensor:
        """Logits of every row in float64, shape N × C."""
        standardised_NF = (features_NF.double() - self.mean) / self.deviation
        return linear(standardised_NF, self.weights, self.biases)


def fit_probe(
    features_NF: Tensor, labels_N: Tensor, *, classes: int, weight_decay: float, max_iterations: int
) -> LinearProbe:
    """Minimises mean cross-entropy + `weight_decay` / 2 · ‖weights‖² by L-BFGS, in float64 from zero: no randomness.

    Features are standardised by their own mean and deviation, so that one penalty suits every encoder.
    """
    features_NF = features_NF.double()
    mean_F, deviation_F = features_NF.mean(dim=0), features_NF.std(dim=0, correction=0)
    deviation_F = torch.where(deviation_F > SMALLEST_DEVIATION, deviation_F, 1.0)
    weights_CF = features_NF.new_zeros(classes, features_NF.shape[1], requires_grad=True)
    biases_C = features_NF.new_zeros(classes, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weights_CF, biases_C], max_iter=max_iterations, tolerance_grad=TOLERANCE, line_search_fn="strong_wolfe"
    )
    standardised_NF = (features_NF - mean_F) / deviation_F

    def penalised_loss() -> float:
        optimizer.zero_grad()
        penalty = weight_decay / 2 * weights_CF.square().sum()
        loss = cross_entropy(linear(standardised_NF, weights_CF, biases_C), labels_N) + penalty
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.item()

    optimizer.step(penalised_loss)  # type: ignore[no-untyped-call]
    return LinearProbe(mean_F, deviation_F, weights_CF.detach(), biases_C.detach())
