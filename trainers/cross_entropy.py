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
from trainers.objective import BatchLoss, Objective


class CrossEntropy(Objective):
    """Encoder and linear head, trained by cross-entropy with label smoothing in [0, 1)."""

    views_per_image = 1

    def __init__(
        self,
        encoder: nn.Module,
        feature_dim: int,
        classes: int,
        label_smoothing: float,
        augmentation: Augmentation,
        *,
        world: World,
    ) -> None:
        super().__init__(augmentation, world)
        self.model = nn.Sequential(encoder, nn.Linear(feature_dim, classes))
        self.label_smoothing = label_smoothing
        self._uninformed_loss = math.log(classes)

    def training_loss(self, images_BCHW: Tensor, labels_B: Tensor, draws: Draws) -> BatchLoss:
        """The loss of one view of each image. The uniform guess costs ln K, whatever the smoothing."""
        logits_BK = self.model(self.views_of(images_BCHW, draws))
        images = self.world.sum(torch.tensor(len(labels_B), device=labels_B.device))
        total = cross_entropy(logits_BK, labels_B, label_smoothing=self.label_smoothing, reduction="sum")
        return BatchLoss(total / images, spread_of(logits_BK.softmax(dim=1)), self._uninformed_loss)

    def fit_classifier(self, train: LabelledImages) -> Frozen:
        """The model as it is: its head has been trained with it."""
        return frozen(self.model)
