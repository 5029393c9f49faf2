"""Training on embeddings by a loss other than SupCon's: triplet and soft nearest neighbour.

N-pairs (Sohn, 2016) needs no code of its own: one positive, all views of other classes as negatives, τ = 1 is
`Contrastive` with `SupConLoss(temperature=1, positives_cap=1)`.
"""

# B images of this worker, N their views, M views of all workers, C channels, H height, W width, D embedding

from typing import Protocol

import torch
from torch import Tensor, nn

from trainers.augmentations.augmentation import Augmentation
from trainers.datasets.labelled import LabelledImages
from trainers.distributed import World
from trainers.draws import Draws
from trainers.evaluation.inference import Frozen, frozen
from trainers.evaluation.probes import Probe
from trainers.health import spread_of
from trainers.losses.supcon import AnchorSum
from trainers.objective import BatchLoss, Objective


class EmbeddingLoss(Protocol):
    """A mean over anchors, so that workers can hold shares of it."""

    def against(
        self, anchors_ND: Tensor, anchor_labels_N: Tensor, keys_MD: Tensor, key_labels_M: Tensor, own_columns_N: Tensor
    ) -> AnchorSum:
        """The loss of anchors that stand in `own_columns_N` of the keys."""

    def of_equal_embeddings(self, key_labels_M: Tensor) -> float:
        """What equal embeddings cost where these labels are one batch."""


class MetricLearning(Objective):
    """Encoder, projection and a loss on two views of each image; `probe` makes the classifier."""

    views_per_image = 2

    def __init__(
        self,
        encoder: nn.Module,
        projection: nn.Module,
        loss: EmbeddingLoss,
        augmentation: Augmentation,
        *,
        probe: Probe,
        world: World,
    ) -> None:
        super().__init__(augmentation, world)
        self.encoder = encoder
        self.projection = projection
        self.loss = loss
        self._probe = probe

    def training_loss(self, images_BCHW: Tensor, labels_B: Tensor, draws: Draws) -> BatchLoss:
        """Own views are the anchors, those of all workers the keys."""
        anchors_ND = self.projection(self.encoder(self.views_of(images_BCHW, draws)))
        keys_MD = self.world.gather_rows(anchors_ND)
        key_labels_M = self.world.gather(labels_B).repeat_interleave(self.views_per_image)
        own = self.world.slice_of(len(key_labels_M) // self.views_per_image)
        columns_N = torch.arange(
            own.start * self.views_per_image, own.stop * self.views_per_image, device=labels_B.device
        )
        share = self.loss.against(anchors_ND, key_labels_M[columns_N], keys_MD, key_labels_M, columns_N)
        loss = share.total / self.world.sum(share.anchors).clamp(min=1)
        return BatchLoss(loss, spread_of(anchors_ND), self.loss.of_equal_embeddings(key_labels_M))

    def fit_classifier(self, train: LabelledImages) -> Frozen:
        """The frozen encoder, without its projection, under a linear probe."""
        return self._probe(frozen(self.encoder), train, self.world)
