"""What a trial trains: a model with its loss, judged through one door. One objective per module."""

# B images, V views, N = B·V views, C channels, H height, W width, K classes

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from trainers.augmentations.augmentation import Augmentation
from trainers.datasets.labelled import LabelledImages
from trainers.distributed import World
from trainers.draws import Draws
from trainers.evaluation.inference import Frozen


@dataclass(frozen=True)
class BatchLoss:
    """The loss of a batch, and what `trainers.health` judges it by."""

    loss: Tensor
    """This worker's share, connected to the graph: the shares of all workers sum to the mean loss of the batch."""
    spread: Tensor
    """Of this worker's outputs; see `spread_of`."""
    uninformed_loss: float
    """What equal outputs for all images of the batch cost."""


class Objective(nn.Module, ABC):
    """A model with what it is trained to do. Draws `views_per_image` views of each image of a batch."""

    views_per_image: int

    def __init__(self, augmentation: Augmentation, world: World) -> None:
        super().__init__()
        self._augmentation = augmentation
        self.world = world

    @abstractmethod
    def training_loss(self, images_BCHW: Tensor, labels_B: Tensor, draws: Draws) -> BatchLoss:
        """The loss of this worker's share of a batch; `draws` are the only source of randomness."""

    @abstractmethod
    def fit_classifier(self, train: LabelledImages) -> Frozen:
        """The model as it is now, as a classifier: from images_BCHW to logits_BK."""

    def after_step(self) -> None:
        """Called after each step of the optimizer."""

    def forward(self, images_BCHW: Tensor, labels_B: Tensor, draws: Draws) -> BatchLoss:
        """The training loss, under the name by which PyTorch's wrappers know it."""
        return self.training_loss(images_BCHW, labels_B, draws)

    def views_of(self, images_BCHW: Tensor, draws: Draws) -> Tensor:
        """`views_per_image` views of each image, those of one image in a row: views_NCHW.

        In full precision: places in an image are no place for bf16.
        """
        with torch.autocast(images_BCHW.device.type, enabled=False):
            repeated_NCHW = images_BCHW.repeat_interleave(self.views_per_image, dim=0)
            return self._augmentation(repeated_NCHW, draws.per_view(self.views_per_image))
