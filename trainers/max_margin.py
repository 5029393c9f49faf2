"""Training on labels with a margin between the classes' angles: one view of each image and a head of its own."""

# B images of this worker, C channels, H height, W width, K classes

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from trainers.augmentations.augmentation import Augmentation
from trainers.datasets.labelled import LabelledImages
from trainers.distributed import World
from trainers.draws import Draws
from trainers.evaluation.inference import Frozen, frozen
from trainers.health import spread_of
from trainers.losses.large_margin import MARGINS, easing_at, large_margin_logits
from trainers.objective import BatchLoss, Objective


class MaxMargin(Objective):
    """Encoder and linear head without bias, trained by large-margin softmax (arXiv:1612.02295).

    `margin` is m, 1 … 4; 1 is cross-entropy. The margin sets in slowly over the whole training, of which
    `share_done(steps)` is the share that is done after so many steps.
    """

    views_per_image = 1
    steps_done: Tensor

    def __init__(
        self,
        encoder: nn.Module,
        feature_dim: int,
        classes: int,
        margin: int,
        share_done: Callable[[int], float],
        augmentation: Augmentation,
        *,
        world: World,
    ) -> None:
        super().__init__(augmentation, world)
        if margin not in MARGINS:
            raise ValueError(f"margin must be 1, 2, 3 or 4, got {margin}")
        self.encoder = encoder
        self.head = nn.Linear(feature_dim, classes, bias=False)
        self.margin = margin
        self._share_done = share_done
        self._uninformed_loss = math.log(classes)
        self.register_buffer("steps_done", torch.tensor(0))

    def training_loss(self, images_BCHW: Tensor, labels_B: Tensor, draws: Draws) -> BatchLoss:
        """The loss of one view of each image. Equal outputs cost ln K, and more where the margin bites."""
        features_BF = self.encoder(self.views_of(images_BCHW, draws))
        easing = easing_at(self._share_done(int(self.steps_done)))
        logits_BK = large_margin_logits(features_BF, self.head.weight, labels_B, self.margin, easing)
        images = self.world.sum(torch.tensor(len(labels_B), device=labels_B.device))
        loss = cross_entropy(logits_BK, labels_B, reduction="sum") / images
        return BatchLoss(loss, spread_of(self.head(features_BF).softmax(dim=1)), self._uninformed_loss)

    def after_step(self) -> None:
        """The margin grows."""
        self.steps_done += 1

    def fit_classifier(self, train: LabelledImages) -> Frozen:
        """The model as it is, without margin."""
        features_of, logits_of = frozen(self.encoder), frozen(self.head)
        return lambda images_BCHW: logits_of(features_of(images_BCHW))
