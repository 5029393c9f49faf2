"""Whether a confidence of 80 % is right 80 times in 100: calibration error, its floor, temperature scaling.

After arXiv:1706.04599. Everything is in float64.
"""

# N images, K classes, M bins

import math

import torch
from torch import Tensor

BINS = 15
"""Of equal width from 0 to 1, as in arXiv:1706.04599 and arXiv:2004.11362; a bin holds its upper end."""
LOWEST_TEMPERATURE, HIGHEST_TEMPERATURE = 0.01, 100.0
"""Where the fit ends if there is no minimum: on data that the logits separate, or know nothing of."""
HALVINGS = 50
"""Of the interval of temperatures: its logarithm is known to 1e-14."""


def confidences_and_hits(logits_NK: Tensor, labels_N: Tensor) -> tuple[Tensor, Tensor]:
    """The probability of each image's most likely class, and whether it is the right one. Ties go to the lower."""
    confidences_N, predicted_N = logits_NK.double().softmax(dim=1).max(dim=1)
    return confidences_N, predicted_N == labels_N


def calibration_error(confidences_N: Tensor, is_right_N: Tensor) -> float:
    """The expected calibration error: mean over images of |accuracy − confidence| of their bin, in [0, 1]."""
    gaps_M = _sums_of_bins(confidences_N, is_right_N.double() - confidences_N)
    return (gaps_M.abs().sum() / len(confidences_N)).item()


def calibration_floor(confidences_N: Tensor) -> float:
    """The calibration error that a perfectly calibrated model with these confidences shows on average, by chance.

    A bin of n images of mean confidence p has n·p hits on average; their mean absolute deviation is
    2 · m · C(n, m) · pᵐ · (1 − p)ⁿ⁻ᵐ⁺¹ with m = ⌊n·p⌋ + 1 (de Moivre 1730; Diaconis and Zabell 1991). It takes each
    bin's confidences for equal, which overstates the floor by about a percent, never understates it (Hoeffding 1956).
    """
    images_M = _sums_of_bins(confidences_N, torch.ones_like(confidences_N))
    expected_M = _sums_of_bins(confidences_N, confidences_N)
    chance_M = (expected_M / images_M.clamp(min=1)).clamp(max=1)
    m_M = expected_M.floor() + 1
    log_deviation_M = (
        (2 * m_M).log()
        + torch.lgamma(images_M + 1)
        - torch.lgamma(m_M + 1)
        - torch.lgamma(images_M - m_M + 1)  # infinite where every hit is certain: the deviation is 0
        + torch.xlogy(m_M, chance_M)
        + torch.xlogy(images_M - m_M + 1, 1 - chance_M)
    )
    return (log_deviation_M.exp().sum() / len(confidences_N)).item()


def _sums_of_bins(confidences_N: Tensor, values_N: Tensor) -> Tensor:
    """The sum of the values of each bin."""
    inner_edges = torch.arange(1, BINS, dtype=torch.float64, device=confidences_N.device) / BINS
    bins_N = torch.bucketize(confidences_N.contiguous(), inner_edges)
    return torch.zeros(BINS, dtype=torch.float64, device=confidences_N.device).index_add(0, bins_N, values_N.double())


def fit_temperature(logits_NK: Tensor, labels_N: Tensor) -> float:
    """The temperature T by which logits / T have the smallest mean negative log-likelihood, from 0.01 to 100.

    The loss is convex in 1 / T, so its slope there changes sign once: the interval is halved around that place.
    """
    logits_NK = logits_NK.double()
    mean_right = logits_NK.gather(1, labels_N[:, None]).mean()
    low, high = math.log(LOWEST_TEMPERATURE), math.log(HIGHEST_TEMPERATURE)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        expected_N = ((logits_NK / math.exp(middle)).softmax(dim=1) * logits_NK).sum(dim=1)
        is_too_hot = expected_N.mean() <= mean_right
        low, high = (low, middle) if is_too_hot else (middle, high)
    return math.exp((low + high) / 2)
