"""The soft nearest-neighbour loss, in memory that is linear in the number of embeddings."""

# N anchors, M keys, D embedding

import torch
from torch import Tensor, nn

from trainers.losses.embedding_loss import AnchorSum
from trainers.losses.supcon import SupConLoss


class SoftNearestNeighbourLoss(nn.Module):
    """Eq. 1 of arXiv:1902.01889: −log of the share that same-class neighbours have in Σ exp(−‖a − k‖² / T).

    `temperature` is T > 0; the loss is not scaled by it. An anchor without a same-class neighbour leaves the mean.
    """

    def __init__(self, temperature: float) -> None:
        super().__init__()
        # −‖a − k‖² is 2 (a·k − ‖k‖²/2) but for ‖a‖², which cancels: SupCon's L_in over rows with one number more.
        self._inner = SupConLoss(temperature / 2, summation="in", scale_by_temperature=False)

    def against(
        self,
        anchors_ND: Tensor,
        anchor_labels_N: Tensor,
        keys_MD: Tensor,
        key_labels_M: Tensor,
        own_columns_N: Tensor,
        *,
        views_per_image: int = 1,
    ) -> AnchorSum:
        """The loss of anchors that stand in `own_columns_N` of the keys; see `EmbeddingLoss`."""
        precision = torch.promote_types(anchors_ND.dtype, torch.float32)
        with torch.autocast(anchors_ND.device.type, enabled=False):
            anchors_ND, keys_MD = anchors_ND.to(precision), keys_MD.to(precision)
            half_lengths_M1 = keys_MD.square().sum(dim=1, keepdim=True) / 2
        total, anchors = self._inner.against(
            torch.cat([anchors_ND, torch.ones_like(anchors_ND[:, :1])], dim=1),
            anchor_labels_N,
            torch.cat([keys_MD, -half_lengths_M1], dim=1),
            key_labels_M,
            own_columns_N,
        )
        # L_in has the mean over the positives where Eq. 1 has the sum.
        return AnchorSum(total - _positives(key_labels_M)[own_columns_N].clamp(min=1).log().sum(), anchors)

    def of_equal_embeddings(self, key_labels_M: Tensor) -> float:
        """What equal embeddings cost: the mean of −log of the share of same-class keys among the others."""
        positives_M = _positives(key_labels_M)
        shares = positives_M[positives_M > 0] / (len(key_labels_M) - 1)
        return -float(shares.log().sum()) / max(len(shares), 1)


def _positives(key_labels_M: Tensor) -> Tensor:
    """How many other keys of its class each key has."""
    _, classes_M, sizes_K = torch.unique(key_labels_M, return_inverse=True, return_counts=True)
    positives_M: Tensor = sizes_K[classes_M] - 1
    return positives_M
