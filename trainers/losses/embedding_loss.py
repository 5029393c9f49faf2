"""What every loss of embeddings is to its caller: a mean over anchors, so that workers can hold shares of it."""

# N anchors, M keys, D embedding

from typing import NamedTuple, Protocol

from torch import Tensor


class AnchorSum(NamedTuple):
    """A share of a loss: the mean is Σ total / Σ anchors, over whoever holds shares."""

    total: Tensor
    """Scalar: the losses of the anchors that count, added up."""
    anchors: Tensor
    """Scalar, integer: how many those are."""

    def mean(self) -> Tensor:
        """Of these anchors alone. Zero, and connected to the graph, if none counts."""
        return self.total / self.anchors.clamp(min=1)


class EmbeddingLoss(Protocol):
    """Contrasts anchors with keys."""

    def against(
        self,
        anchors_ND: Tensor,
        anchor_labels_N: Tensor,
        keys_MD: Tensor,
        key_labels_M: Tensor,
        own_columns_N: Tensor,
        *,
        views_per_image: int,
    ) -> AnchorSum:
        """The loss of anchors that stand in `own_columns_N` of the keys.

        So many neighbouring keys, from column 0 on, are views of one image. Anchors and keys both get gradients.
        """

    def of_equal_embeddings(self, key_labels_M: Tensor) -> float:
        """What equal embeddings cost where these labels are one batch."""
