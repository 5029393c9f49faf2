"""Training on labels: one view of each image and a linear head, which is also what is judged."""

# B images of this worker, C channels, H height, W width, K classes

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from trainers.augmentations.augmentation import Augmentation
from trainers.datasets.labelled import LabelledImages
from trainers.distributed import World
from trainers.draws import Draws
from trainers.evaluation.inference import Frozen, frozen
from trainers.health import spread_of
from trainers.mixing import Mixing
from trainers.objective import BatchLoss, Objective

NO_MIXING = Mixing(mixup_alpha=0, cutmix_alpha=0)


class CrossEntropy(Objective):
    """Encoder and linear head, trained by cross-entropy with label smoothing in [0, 1) on images mixed by `mixing`."""

    views_per_image = 1

    def __init__(
        self,
        encoder: nn.Module,
        feature_dim: int,
        classes: int,
        label_smoothing: float,
        augmentation: Augmentation,
        *,
        mixing: Mixing = NO_MIXING,
        world: World,
    ) -> None:
        super().__init__(augmentation, world)
        self.model = nn.Sequential(encoder, nn.Linear(feature_dim, classes))
        self.label_smoothing = label_smoothing
        self._mixing = mixing
        self._uninformed_loss = math.log(classes)

    def training_loss(self, images_BCHW: Tensor, labels_B: Tensor, draws: Draws) -> BatchLoss:
        """The loss of one view of each image, then mixed. The uniform guess costs ln K, whatever the targets."""
        mixed = self._mixing(self.views_of(images_BCHW, draws), labels_B, draws, self.world)
        logits_BK = self.model(mixed.images)
        total = self._summed_loss(logits_BK, labels_B)
        if mixed.share < 1:
            # The loss is linear in its targets, smoothed ones too.
            total = mixed.share * total + (1 - mixed.share) * self._summed_loss(logits_BK, mixed.partner_labels)
        images = self.world.sum(torch.tensor(len(labels_B), device=labels_B.device))
        return BatchLoss(total / images, spread_of(logits_BK.softmax(dim=1)), self._uninformed_loss)

    def fit_classifier(self, train: LabelledImages) -> Frozen:
        """The model as it is: its head has been trained with it."""
        return frozen(self.model)

    def _summed_loss(self, logits_BK: Tensor, labels_B: Tensor) -> Tensor:
        return cross_entropy(logits_BK, labels_B, label_smoothing=self.label_smoothing, reduction="sum")
