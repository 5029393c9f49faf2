"""SupCon against a memory queue: keys come from a slow copy of the encoder, and those of earlier batches stay.

MoCo (arXiv:1911.05722) with SupCon's loss: the memory variant of arXiv:2004.11362.
"""

# B images of this worker, G of all workers, M keys, C channels, H height, W width, D embedding

import copy
import math

import torch
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

NO_CLASS = -1
"""What keys in the queue are without labels: nobody's positives."""


class MomentumContrast(Objective):
    """The first view of each image is an anchor; keys are the second views of the batch, and the queue.

    Keys go through a copy of encoder and projection whose weights follow as an average: after each step
    `key_momentum` of them stays. Its batch normalisation takes the batch as it comes, over all workers: MoCo's
    shuffling hides which images share a worker, and synchronised statistics leave nothing to hide.
    Without `uses_labels` the loss sees none. `embedding_dim` is the projection's width.
    """

    views_per_image = 2
    queue_keys: Tensor
    queue_labels: Tensor
    keys_seen: Tensor

    def __init__(
        self,
        encoder: nn.Module,
        projection: nn.Module,
        loss: SupConLoss,
        augmentation: Augmentation,
        *,
        embedding_dim: int,
        queue_size: int,
        key_momentum: float,
        uses_labels: bool = True,
        probe: Probe,
        world: World,
    ) -> None:
        super().__init__(augmentation, world)
        if queue_size < 1:
            raise ValueError(f"queue_size must be at least 1, got {queue_size}")
        if not 0 <= key_momentum < 1:
            raise ValueError(f"key_momentum must be in [0, 1), got {key_momentum}")
        self.encoder = encoder
        self.projection = projection
        self.key_model = copy.deepcopy(nn.Sequential(encoder, projection)).requires_grad_(False)
        self.loss = loss
        self._key_momentum = key_momentum
        self._uses_labels = uses_labels
        self._probe = probe
        self.register_buffer("queue_keys", torch.zeros(queue_size, embedding_dim))
        self.register_buffer("queue_labels", torch.full((queue_size,), NO_CLASS))
        self.register_buffer("keys_seen", torch.tensor(0))

    def training_loss(self, images_BCHW: Tensor, labels_B: Tensor, draws: Draws) -> BatchLoss:
        """The loss of this worker's anchors. The batch's keys are put into the queue once it is computed.

        Equal embeddings cost scale · ln(keys).
        """
        views_NCHW = self.views_of(images_BCHW, draws)
        anchors_BD = self.projection(self.encoder(views_NCHW[::2]))
        with torch.no_grad():
            new_keys_GD = self.world.gather(self.key_model(views_NCHW[1::2])).to(self.queue_keys.dtype)
        labels_G = self.world.gather(labels_B)
        classes_G = labels_G if self._uses_labels else torch.arange(len(labels_G), device=labels_G.device)
        filled = min(int(self.keys_seen), len(self.queue_keys))
        keys_MD = torch.cat([new_keys_GD, self.queue_keys[:filled]])
        key_classes_M = torch.cat([classes_G, self.queue_labels[:filled]])
        own_B = classes_G[self.world.slice_of(len(classes_G))]
        share = self.loss.against(anchors_BD, own_B, keys_MD, key_classes_M)
        self._enqueue(new_keys_GD, labels_G)
        loss = share.total / self.world.sum(share.anchors).clamp(min=1)
        return BatchLoss(loss, spread_of(anchors_BD), self.loss.scale * math.log(len(keys_MD)))

    @torch.no_grad()
    def after_step(self) -> None:
        """The copy follows: once per step, before the next keys are made."""
        trained = nn.Sequential(self.encoder, self.projection)
        for slow, fast in zip(self.key_model.parameters(), trained.parameters(), strict=True):
            slow.lerp_(fast, 1 - self._key_momentum)

    def fit_classifier(self, train: LabelledImages) -> Frozen:
        """The frozen trained encoder, without its projection, under a linear probe."""
        return self._probe(frozen(self.encoder), train, self.world)

    def _enqueue(self, keys_GD: Tensor, labels_G: Tensor) -> None:
        """The oldest keys make room; of more keys than places the last stay."""
        places = len(self.queue_keys)
        ring_G = (int(self.keys_seen) + torch.arange(len(keys_GD), device=keys_GD.device)) % places
        self.queue_keys[ring_G[-places:]] = keys_GD[-places:]
        if self._uses_labels:
            self.queue_labels[ring_G[-places:]] = labels_G[-places:]
        self.keys_seen += len(keys_GD)
