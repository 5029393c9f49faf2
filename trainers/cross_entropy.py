"""Training on labels: one view of each image and a linear head, which is also what is judged."""

# B images, C channels, H height, W width, K classes

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from trainers.augmentations.augmentation import Augmentation
from trainers.datasets.splits import LabelledImages
from trainers.evaluation.inference import outputs_of
from trainers.health import spread_of
from trainers.loop import BatchLoss, Objective


class CrossEntropy(Objective):
    """Encoder and linear head, trained by cross-entropy with label smoothing in [0, 1)."""

    views_per_image = 1

    def __init__(
        self, encoder: nn.Module, feature_dim: int, classes: int, label_smoothing: float, augmentation: Augmentation
    ) -> None:
        super().__init__()
        self.model = nn.Sequential(encoder, nn.Linear(feature_dim, classes))
        self.loss = nn.CrossEntropyLoss(label_smoothing=label_smoothing)
        self._augmentation = augmentation
        self._uninformed_loss = math.log(classes)

    def training_loss(self, images_BCHW: Tensor, labels_B: Tensor, generator: torch.Generator) -> BatchLoss:
        """The loss of one view of each image. The uniform guess costs ln K, whatever the smoothing."""
        logits_BK = self.model(self._augmentation(images_BCHW, generator))
        return BatchLoss(self.loss(logits_BK, labels_B), spread_of(logits_BK.softmax(dim=1)), self._uninformed_loss)

    def fit_classifier(self, train: LabelledImages) -> Callable[[Tensor], Tensor]:
        """The model as it is: its head has been trained with it."""
        return lambda images_NCHW: outputs_of(self.model, images_NCHW)
