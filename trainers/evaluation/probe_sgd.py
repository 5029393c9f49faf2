"""The paper's own second stage: a linear layer trained step by step on the features of augmented images.

It has chance and hyperparameters of its own, which the probe by L-BFGS has not; take it to reproduce the paper. What
the paper (arXiv:2004.11362) leaves open follows the defaults and scripts of its released code.
"""

# B images of a batch, R those of this worker, C channels, H height, W width, F features, K classes

import math
from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import SGD, Optimizer, RMSprop

from trainers.augmentations.augmentation import Augmentation
from trainers.datasets.labelled import LabelledImages
from trainers.distributed import World
from trainers.draws import Draws
from trainers.evaluation.inference import Frozen
from trainers.evaluation.probe import LinearProbe

ProbeOptimizer = Literal["rmsprop", "sgd"]

MOMENTUM = 0.9
RMSPROP_SMOOTHING, RMSPROP_EPSILON = 0.9, 1.0
"""An epsilon this large makes it almost momentum; with PyTorch's own the released learning rates are far too high."""
RMSPROP_FACTOR, RMSPROP_DECAYS_PER_EPOCH = 0.97, 2
SGD_FACTOR, SGD_MILESTONES = 0.2, (0.6, 0.75, 0.9)
"""Of the run: epochs 60, 75 and 90 of 100."""


def fit_probe_sgd(
    encoder: Frozen,
    train: LabelledImages,
    *,
    classes: int,
    optimizer: ProbeOptimizer,
    learning_rate: float,
    weight_decay: float,
    label_smoothing: float,
    epochs: int,
    batch_size: int,
    augmentation: Augmentation,
    seed: int,
    world: World,
) -> LinearProbe:
    """Trains a linear layer, from zero, on what `encoder` makes of one new view of each image per epoch.

    `learning_rate` is that of the first step, not scaled by the batch. Features are taken as they are, biases are
    decayed too. Several workers share the encoder's work and get the same probe. Equal seeds give equal probes.
    """
    order, chance = torch.Generator().manual_seed(seed), torch.Generator().manual_seed(seed + 1)
    layer = _zero_layer(encoder, train, classes)
    steps = _make_optimizer(optimizer, layer, learning_rate, weight_decay)
    steps_per_epoch = math.ceil(len(train) / batch_size)
    for step, indices_B in enumerate(_batches(len(train), batch_size, epochs, order)):
        features_BF, labels_B = _seen(encoder, train, indices_B, augmentation, chance, world)
        for group in steps.param_groups:
            group["lr"] = learning_rate * learning_rate_factor(optimizer, step / steps_per_epoch, epochs)
        steps.zero_grad()
        loss = cross_entropy(layer(features_BF), labels_B, label_smoothing=label_smoothing)
        loss.backward()  # type: ignore[no-untyped-call]
        steps.step()
    weights_KF, biases_K = layer.weight.detach().double(), layer.bias.detach().double()
    return LinearProbe(torch.zeros_like(weights_KF[0]), torch.ones_like(weights_KF[0]), weights_KF, biases_K)


def learning_rate_factor(optimizer: ProbeOptimizer, epoch: float, epochs: int) -> float:
    """What the first learning rate is multiplied by after that many epochs of all: × 0.97 every half epoch for
    rmsprop, × 0.2 after 60, 75 and 90 % of them for sgd.
    """
    if optimizer == "rmsprop":
        return RMSPROP_FACTOR ** math.floor(RMSPROP_DECAYS_PER_EPOCH * epoch)
    return SGD_FACTOR ** sum(epoch >= share * epochs for share in SGD_MILESTONES)


def _zero_layer(encoder: Frozen, train: LabelledImages, classes: int) -> nn.Linear:
    """As wide as the features of the first image. The loss is convex: where it starts matters little."""
    image_1CHW, _ = next(train.batches([torch.zeros(1, dtype=torch.int64)]))
    layer = nn.Linear(encoder(image_1CHW).shape[1], classes, device=image_1CHW.device)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def _make_optimizer(name: ProbeOptimizer, layer: nn.Linear, learning_rate: float, weight_decay: float) -> Optimizer:
    if name == "sgd":
        return SGD(layer.parameters(), learning_rate, MOMENTUM, weight_decay=weight_decay)
    return RMSprop(
        layer.parameters(), learning_rate, RMSPROP_SMOOTHING, RMSPROP_EPSILON, weight_decay, momentum=MOMENTUM
    )


def _batches(images: int, batch_size: int, epochs: int, order: torch.Generator) -> Iterator[Tensor]:
    """Indices of each batch of each epoch, shuffled; the last of an epoch may be smaller."""
    for _ in range(epochs):
        yield from torch.split(torch.randperm(images, generator=order), batch_size)


def _seen(
    encoder: Frozen,
    train: LabelledImages,
    indices_B: Tensor,
    augmentation: Augmentation,
    chance: torch.Generator,
    world: World,
) -> tuple[Tensor, Tensor]:
    """Features_BF of views of a whole batch, and its labels_B. Each worker augments and encodes its share."""
    share = world.slice_of(len(indices_B))
    images_RCHW, labels_R = next(train.batches([indices_B[share]]))
    draws = Draws(chance, start=share.start, stop=share.stop, of=len(indices_B))
    features_RF = encoder(augmentation(images_RCHW, draws)).float()
    return world.gather(features_RF), world.gather(labels_R)
