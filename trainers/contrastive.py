"""Training on embeddings: two views of each image, pulled together by class. A linear probe judges the encoder."""

# B images of this worker, N their views, M views of all workers, C channels, H height, W width, D embedding

import torch
from torch import Tensor, nn

from trainers.augmentations.augmentation import Augmentation
from trainers.datasets.labelled import LabelledImages
from trainers.distributed import World
from trainers.draws import Draws
from trainers.evaluation.inference import Frozen, frozen
from trainers.evaluation.probes import Probe
from trainers.health import spread_of
from trainers.losses.embedding_loss import EmbeddingLoss
from trainers.objective import BatchLoss, Objective


class Contrastive(Objective):
    """Encoder, projection and a loss of embeddings; `probe` makes the classifier. SupCon: arXiv:2004.11362.

    Without `uses_labels` the loss sees none, and only the probe does: SimCLR (arXiv:2002.05709). N-pairs (Sohn, 2016)
    is `SupConLoss(temperature=1, positives_cap=1)`: one positive, all views of other classes as negatives.
    """

    views_per_image = 2

    def __init__(
        self,
        encoder: nn.Module,
        projection: nn.Module,
        loss: EmbeddingLoss,
        augmentation: Augmentation,
        *,
        uses_labels: bool = True,
        probe: Probe,
        world: World,
    ) -> None:
        super().__init__(augmentation, world)
        self.encoder = encoder
        self.projection = projection
        self.loss = loss
        self._uses_labels = uses_labels
        self._probe = probe

    def training_loss(self, images_BCHW: Tensor, labels_B: Tensor, draws: Draws) -> BatchLoss:
        """The loss of two views of each image, passed through the encoder together.

        Own views are the anchors, those of all workers the keys.
        """
        anchors_ND = self.projection(self.encoder(self.views_of(images_BCHW, draws)))
        keys_MD = self.world.gather_rows(anchors_ND)
        images = len(keys_MD) // self.views_per_image
        own = self.world.slice_of(images)
        classes = self.world.gather(labels_B) if self._uses_labels else torch.arange(images, device=labels_B.device)
        key_labels_M = classes.repeat_interleave(self.views_per_image)
        columns_N = torch.arange(len(key_labels_M), device=labels_B.device)[_rows_of(own, self.views_per_image)]
        share = self.loss.against(
            anchors_ND, key_labels_M[columns_N], keys_MD, key_labels_M, columns_N, views_per_image=self.views_per_image
        )
        loss = share.total / self.world.sum(share.anchors).clamp(min=1)
        return BatchLoss(loss, spread_of(anchors_ND), self.loss.of_equal_embeddings(key_labels_M))

    def fit_classifier(self, train: LabelledImages) -> Frozen:
        """The frozen encoder, without its projection, under a linear probe."""
        return self._probe(frozen(self.encoder), train, self.world)


def _rows_of(images: slice, views: int) -> slice:
    return slice(images.start * views, images.stop * views)
