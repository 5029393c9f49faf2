"""Supervised contrastive loss, exact at every temperature, in memory that is linear in the number of embeddings.

Two traps of published versions are avoided: the similarity of an embedding to itself is masked before the row
maximum is taken (else low temperatures give NaN), and an anchor without positives leaves the mean.
"""

# B images, V views, D embedding, N = B·V rows

from typing import Literal

import torch
from torch import Tensor, nn

from trainers.losses.log_sum_exp import weighted_log_sum_exp

Summation = Literal["out", "in"]


class SupConLoss(nn.Module):
    """L_out or L_in, Eqs. 2 and 3 of arXiv:2004.11362: the mean over the anchors that have a positive, scaled by τ.

    `temperature` is τ > 0. The scale is τ / `base_temperature`; none is τ itself, as in the paper (Sec. 3.2).
    `summation` says whether positives are summed outside the logarithm or inside it.
    """

    def __init__(
        self, temperature: float = 0.1, base_temperature: float | None = None, summation: Summation = "out"
    ) -> None:
        super().__init__()
        _check_positive("temperature", temperature)
        if base_temperature is not None:
            _check_positive("base_temperature", base_temperature)
        if summation not in ("out", "in"):
            raise ValueError(f"summation must be 'out' or 'in', got {summation!r}")
        self.temperature = temperature
        self.summation = summation
        self.scale = temperature / (base_temperature or 1.0)

    def forward(self, embeddings_BVD: Tensor, labels_B: Tensor | None = None) -> Tensor:
        """The scalar loss. Embeddings are taken as given: on the unit sphere if the projection put them there.

        Without labels every image is its own class: SimCLR (arXiv:2002.05709). Computed in float32 at least. Zero,
        and connected to the graph, if no anchor has a positive.
        """
        _check_shapes(embeddings_BVD, labels_B)
        if labels_B is None:
            labels_B = torch.arange(len(embeddings_BVD), device=embeddings_BVD.device)
        precision = torch.promote_types(embeddings_BVD.dtype, torch.float32)
        with torch.autocast(embeddings_BVD.device.type, enabled=False):
            rows_ND = embeddings_BVD.to(precision).flatten(0, 1)
            return self.scale * self._unscaled(rows_ND, labels_B.repeat_interleave(embeddings_BVD.shape[1]))

    def _unscaled(self, rows_ND: Tensor, labels_N: Tensor) -> Tensor:
        _, classes_N, rows_of_class = torch.unique(labels_N, return_inverse=True, return_counts=True)
        positives_N: Tensor = (rows_of_class[classes_N] - 1).to(rows_ND.dtype)
        has_positive_N: Tensor = (positives_N > 0).to(rows_ND.dtype)
        weights_N: Tensor = has_positive_N / has_positive_N.sum().clamp(min=1)
        normaliser = weighted_log_sum_exp(rows_ND, weights_N, self.temperature)
        if self.summation == "in":
            counts = (weights_N * positives_N.clamp(min=1).log()).sum()
            return normaliser - weighted_log_sum_exp(rows_ND, weights_N, self.temperature, classes_N) + counts
        return (
            normaliser
            - (weights_N * _mean_positive_similarity(rows_ND, classes_N, positives_N)).sum() / self.temperature
        )


def _mean_positive_similarity(rows_ND: Tensor, classes_N: Tensor, positives_N: Tensor) -> Tensor:
    """Of every row to its positives: their sum is enough, N·D work where the pairs would be N²."""
    class_sums_ND = torch.zeros_like(rows_ND).index_add(0, classes_N, rows_ND)
    return (rows_ND * (class_sums_ND[classes_N] - rows_ND)).sum(dim=1) / positives_N.clamp(min=1)


def _check_positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name} must be > 0, got {value}")


def _check_shapes(embeddings_BVD: Tensor, labels_B: Tensor | None) -> None:
    if embeddings_BVD.dim() != 3:
        raise ValueError(f"embeddings must have the shape images × views × width, got {tuple(embeddings_BVD.shape)}")
    if labels_B is not None and labels_B.shape != embeddings_BVD.shape[:1]:
        raise ValueError(f"labels must be one per image ({len(embeddings_BVD)}), got {tuple(labels_B.shape)}")
