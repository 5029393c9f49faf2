"""Supervised contrastive loss with the positives summed outside the logarithm, exact at every temperature.

Two traps of published versions are avoided: the similarity of an embedding to itself is masked before the row
maximum is taken (else low temperatures give NaN), and an anchor without positives leaves the mean.
"""

# B images, V views, D embedding, N = B·V rows

import torch
from torch import Tensor, nn


class SupConLoss(nn.Module):
    """L_out, Eq. 2 of arXiv:2004.11362: the mean over the anchors that have a positive, scaled by τ.

    `temperature` is τ > 0. The scale is τ / `base_temperature`; none is τ itself, as in the paper (Sec. 3.2).
    """

    def __init__(self, temperature: float = 0.1, base_temperature: float | None = None) -> None:
        super().__init__()
        _check_positive("temperature", temperature)
        if base_temperature is not None:
            _check_positive("base_temperature", base_temperature)
        self.temperature = temperature
        self.scale = temperature / (base_temperature or 1.0)

    def forward(self, embeddings_BVD: Tensor, labels_B: Tensor) -> Tensor:
        """The scalar loss. Embeddings are taken as given: on the unit sphere if the projection put them there.

        Computed in float32 at least. Zero, and connected to the graph, if no anchor has a positive.
        """
        _check_shapes(embeddings_BVD, labels_B)
        precision = torch.promote_types(embeddings_BVD.dtype, torch.float32)
        with torch.autocast(embeddings_BVD.device.type, enabled=False):
            loss_BV, positives_B1 = self._loss_of_anchors(embeddings_BVD.to(precision), labels_B)
        has_positive_BV = (positives_B1 > 0).expand_as(loss_BV)
        return self.scale * (loss_BV * has_positive_BV).sum() / has_positive_BV.sum().clamp(min=1)

    def _loss_of_anchors(self, embeddings_BVD: Tensor, labels_B: Tensor) -> tuple[Tensor, Tensor]:
        """Unscaled loss of every anchor, and how many positives it has (without any, the loss is meaningless)."""
        views = embeddings_BVD.shape[1]
        is_same_BB = (labels_B[:, None] == labels_B[None, :]).to(embeddings_BVD.dtype)
        positives_B1 = views * is_same_BB.sum(dim=1, keepdim=True) - 1
        # The mean similarity to the positives needs their sum alone: N·D work where the pairs would be N².
        class_sum_BD = is_same_BB @ embeddings_BVD.sum(dim=1)
        positive_sum_BVD = class_sum_BD[:, None, :] - embeddings_BVD
        similarity_BV = (embeddings_BVD * positive_sum_BVD).sum(dim=2) / positives_B1.clamp(min=1)
        normaliser_BV = _log_sum_exp_to_others(embeddings_BVD.flatten(0, 1), self.temperature).view_as(similarity_BV)
        return normaliser_BV - similarity_BV / self.temperature, positives_B1


def _log_sum_exp_to_others(embeddings_ND: Tensor, temperature: float) -> Tensor:
    """log Σ_{a≠i} exp(z_i·z_a/τ) for every row i, shape N."""
    logits_NN = embeddings_ND @ embeddings_ND.T / temperature
    is_self_NN = torch.eye(len(logits_NN), dtype=torch.bool, device=logits_NN.device)
    # The lowest finite number, not −inf: a lone row would otherwise have a NaN gradient.
    return logits_NN.masked_fill(is_self_NN, torch.finfo(logits_NN.dtype).min).logsumexp(dim=1)


def _check_positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name} must be > 0, got {value}")


def _check_shapes(embeddings_BVD: Tensor, labels_B: Tensor) -> None:
    if embeddings_BVD.dim() != 3:
        raise ValueError(f"embeddings must have the shape images × views × width, got {tuple(embeddings_BVD.shape)}")
    if labels_B.shape != embeddings_BVD.shape[:1]:
        raise ValueError(f"labels must be one per image ({len(embeddings_BVD)}), got {tuple(labels_B.shape)}")
