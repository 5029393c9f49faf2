"""Training on embeddings: two views of each image, pulled together by class. A linear probe judges the encoder."""

# B images, V views, N = B·V rows, C channels, H height, W width, D embedding; R, M: this worker's images and rows

import math

from torch import Tensor, nn

from trainers.augmentations.augmentation import Augmentation
from trainers.datasets.labelled import LabelledImages
from trainers.distributed import World
from trainers.draws import Draws
from trainers.evaluation.inference import Frozen, frozen
from trainers.evaluation.probes import Probe
from trainers.health import spread_of
from trainers.losses.supcon import SupConLoss
from trainers.objective import BatchLoss, Objective


class Contrastive(Objective):
    """SupCon (arXiv:2004.11362): encoder, projection and loss; `probe` makes the classifier.

    Without `uses_labels` the loss sees none, and only the probe does: SimCLR (arXiv:2002.05709).
    """

    views_per_image = 2

    def __init__(
        self,
        encoder: nn.Module,
        projection: nn.Module,
        loss: SupConLoss,
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

        Equal embeddings cost scale · ln(2B − 1): every other view is as likely to be the positive.
        """
        embeddings_ND = self.projection(self.encoder(self.views_of(images_BCHW, draws)))
        embeddings_BVD = embeddings_ND.unflatten(0, (len(labels_B), self.views_per_image))
        loss = self.loss(embeddings_BVD, labels_B if self._uses_labels else None)
        uninformed_loss = self.loss.scale * math.log(len(embeddings_ND) - 1)
        return BatchLoss(loss, spread_of(embeddings_ND), uninformed_loss)

    def fit_classifier(self, train: LabelledImages) -> Frozen:
        """The frozen encoder, without its projection, under a linear probe."""
        return self._probe(frozen(self.encoder), train, self.world)
