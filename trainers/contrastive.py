"""Training on embeddings: two views of each image, pulled together by class. A linear probe judges the encoder."""

# B images, V views, C channels, H height, W width, D embedding

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from trainers.augmentations.augmentation import Augmentation
from trainers.datasets.splits import LabelledImages
from trainers.evaluation.inference import outputs_of
from trainers.evaluation.probe import fit_probe
from trainers.health import spread_of
from trainers.loop import BatchLoss, Objective
from trainers.losses.supcon import SupConLoss


class Contrastive(Objective):
    """SupCon (arXiv:2004.11362): encoder, projection and loss. `classes` and `probe_*` are for the probe alone.

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
        classes: int,
        probe_weight_decay: float,
        probe_max_iterations: int,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.projection = projection
        self.loss = loss
        self._augmentation = augmentation
        self._uses_labels = uses_labels
        self._classes = classes
        self._probe_weight_decay = probe_weight_decay
        self._probe_max_iterations = probe_max_iterations

    def training_loss(self, images_BCHW: Tensor, labels_B: Tensor, generator: torch.Generator) -> BatchLoss:
        """The loss of two views of each image, passed through the encoder together.

        Equal embeddings cost scale · ln(2B − 1): every other view is as likely to be the positive.
        """
        views_NCHW = self._augmentation(images_BCHW.repeat_interleave(self.views_per_image, dim=0), generator)
        embeddings_ND = self.projection(self.encoder(views_NCHW))
        embeddings_BVD = embeddings_ND.unflatten(0, (len(labels_B), self.views_per_image))
        loss = self.loss(embeddings_BVD, labels_B if self._uses_labels else None)
        uninformed_loss = self.loss.scale * math.log(len(views_NCHW) - 1)
        return BatchLoss(loss, spread_of(embeddings_ND), uninformed_loss)

    def fit_classifier(self, train: LabelledImages) -> Callable[[Tensor], Tensor]:
        """The frozen encoder under a linear probe that is fitted to the images as they are, not augmented."""
        probe = fit_probe(
            outputs_of(self.encoder, train.images),
            train.labels,
            classes=self._classes,
            weight_decay=self._probe_weight_decay,
            max_iterations=self._probe_max_iterations,
        )
        return lambda images_NCHW: probe.logits(outputs_of(self.encoder, images_NCHW))
