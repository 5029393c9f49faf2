"""The triplet loss with semi-hard negatives.

pytorch-metric-learning has it over all N³ triplets (4 GB of indices for 512 views); choosing one negative for each pair
of anchor and positive, as FaceNet does, needs N·M numbers.
"""

# N anchors, M keys, D embedding

import torch
from torch import Tensor, nn
from torch.nn.functional import relu

from trainers.losses.embedding_loss import AnchorSum


class TripletLoss(nn.Module):
    """FaceNet, arXiv:1503.03832, Eq. 2 and Sec. 3.2: relu(‖a − p‖² − ‖a − n‖² + `margin`), `margin` > 0.

    Every positive of an anchor is used. Its negative is the nearest one that is farther than the positive, or the
    farthest one where none is: FaceNet found that the very hardest ones collapse the model. An anchor costs the mean
    over its positives; one without a positive or without a negative leaves the mean.
    """

    def __init__(self, margin: float = 0.2) -> None:
        super().__init__()
        if not margin > 0:
            raise ValueError(f"margin must be > 0, got {margin}")
        self.margin = margin

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
            distances_NM = _squared_distances(anchors_ND.to(precision), keys_MD.to(precision))
        is_same_NM = anchor_labels_N[:, None] == key_labels_M
        is_positive_NM = is_same_NM.scatter(1, own_columns_N[:, None], False)
        losses_NM = relu(distances_NM - _semi_hard(distances_NM, ~is_same_NM) + self.margin)
        positives_N = is_positive_NM.sum(dim=1)
        counts_N = (positives_N > 0) & ~is_same_NM.all(dim=1)
        losses_N = losses_NM.mul(is_positive_NM).sum(dim=1) / positives_N.clamp(min=1)
        return AnchorSum(losses_N.mul(counts_N).sum(), counts_N.sum())

    def of_equal_embeddings(self, key_labels_M: Tensor) -> float:
        """What equal embeddings cost."""
        return self.margin


def _squared_distances(anchors_ND: Tensor, keys_MD: Tensor) -> Tensor:
    lengths_NM = anchors_ND.square().sum(dim=1)[:, None] + keys_MD.square().sum(dim=1)
    # Rounding must not make a distance negative.
    return relu(lengths_NM - 2 * anchors_ND @ keys_MD.T)


def _semi_hard(distances_NM: Tensor, is_negative_NM: Tensor) -> Tensor:
    """For every pair, were it one of anchor and positive, the distance of the anchor to the pair's negative."""
    fixed_NM = distances_NM.detach()
    sorted_NM, columns_NM = fixed_NM.masked_fill(~is_negative_NM, torch.inf).sort(dim=1)
    last_N1 = is_negative_NM.sum(dim=1, keepdim=True).clamp(min=1) - 1
    ranks_NM = torch.searchsorted(sorted_NM, fixed_NM, right=True).minimum(last_N1)
    return distances_NM.gather(1, columns_NM.gather(1, ranks_NM))
