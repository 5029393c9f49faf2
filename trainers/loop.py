"""Trains epoch after epoch: batches, steps, metering. What comes between two epochs is the caller's.

All randomness comes from two generators whose states are saved, so that a seed gives the same run every time, and a
run that goes on from its saved state the same as one that was never interrupted.
"""

# B images, C channels, H height, W width

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from trainers.clock import Clock
from trainers.datasets.splits import LabelledImages
from trainers.health import Health

SMALLEST_BATCH = 2
"""Batch normalisation needs two images. A smaller remainder sits out its epoch; the next one shuffles again."""
CHECK_EVERY_STEPS = 16
"""Reading the loss makes the host wait for a GPU, so within an epoch it is read this seldom."""


@dataclass(frozen=True)
class BatchLoss:
    """The loss of a batch, and what `trainers.health` judges it by."""

    loss: Tensor
    spread: Tensor
    uninformed_loss: float


class Objective(nn.Module, ABC):
    """A model with what it is trained to do. Draws `views_per_image` views of each image of a batch."""

    views_per_image: int

    @abstractmethod
    def training_loss(self, images_BCHW: Tensor, labels_B: Tensor, generator: torch.Generator) -> BatchLoss:
        """The mean loss of a batch, connected to the graph; `generator` is on the CPU."""

    @abstractmethod
    def fit_classifier(self, train: LabelledImages) -> Callable[[Tensor], Tensor]:
        """A function from images_NCHW to logits_NC: the model as it is now, frozen."""


@dataclass
class Training:
    """Everything that changes while a trial trains. `state_dict` holds all of it: tensors and plain values."""

    objective: Objective
    optimizer: Optimizer
    scheduler: LambdaLR
    order: torch.Generator
    augmentation: torch.Generator
    health: Health
    batch_size: int
    gradient_clip: float | None
    epochs_done: int = 0
    image_passes: int = 0

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to go on exactly from here."""
        return {
            "objective": self.objective.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "order": self.order.get_state(),
            "augmentation": self.augmentation.get_state(),
            "health": self.health.state_dict(),
            "epochs_done": self.epochs_done,
            "image_passes": self.image_passes,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from a state that an equal Training had."""
        self.objective.load_state_dict(state["objective"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.order.set_state(state["order"])
        self.augmentation.set_state(state["augmentation"])
        self.health.load_state_dict(state["health"])
        self.epochs_done = state["epochs_done"]
        self.image_passes = state["image_passes"]


def steps_per_epoch(images: int, batch_size: int) -> int:
    """Whole batches, and one more for a remainder that is not too small."""
    return images // batch_size + (images % batch_size >= SMALLEST_BATCH)


def train_epoch(training: Training, train: LabelledImages, clock: Clock) -> dict[str, float]:
    """One pass over the images in a new order. Returns train_loss, learning_rate (its last) and images_per_second.

    Raises Diverged, Collapsed or TimedOut.
    """
    start_seconds, start_passes = clock.seconds, training.image_passes
    learning_rate = 0.0
    totals = _EpochTotals()
    training.objective.train()
    for step, indices_B in enumerate(_shuffled_batches(training, train)):
        clock.check()
        learning_rate = float(training.scheduler.get_last_lr()[0])
        totals.add(_train_step(training, train.images[indices_B], train.labels[indices_B]), len(indices_B))
        if step % CHECK_EVERY_STEPS == 0:
            training.health.check_finite(training.epochs_done + 1, totals.loss)
    training.epochs_done += 1
    training.health.check_epoch(
        training.epochs_done, loss=totals.loss, uninformed_loss=totals.uninformed_loss, spread=totals.spread
    )
    return {
        "train_loss": totals.loss,
        "learning_rate": learning_rate,
        "images_per_second": (training.image_passes - start_passes) / (clock.seconds - start_seconds),
    }


def _shuffled_batches(training: Training, train: LabelledImages) -> Iterator[Tensor]:
    """Indices of each batch of an epoch, on the images' device."""
    order_N = torch.randperm(len(train), generator=training.order).to(train.labels.device)
    return (batch_B for batch_B in torch.split(order_N, training.batch_size) if len(batch_B) >= SMALLEST_BATCH)


def _train_step(training: Training, images_BCHW: Tensor, labels_B: Tensor) -> BatchLoss:
    batch_loss = training.objective.training_loss(images_BCHW, labels_B, training.augmentation)
    training.optimizer.zero_grad()
    batch_loss.loss.backward()  # type: ignore[no-untyped-call]
    if training.gradient_clip is not None:
        clip_grad_norm_(training.objective.parameters(), training.gradient_clip)
    training.optimizer.step()
    training.scheduler.step()
    training.image_passes += len(labels_B) * training.objective.views_per_image
    return batch_loss


@dataclass
class _EpochTotals:
    """Sums over an epoch, weighted by images. They stay on the device until they are read."""

    images: int = 0
    loss_sum: Tensor = field(default_factory=lambda: torch.zeros(()))
    spread_sum: Tensor = field(default_factory=lambda: torch.zeros(()))
    uninformed_sum: float = 0.0

    def add(self, batch: BatchLoss, images: int) -> None:
        self.loss_sum = self.loss_sum.to(batch.loss.device) + batch.loss.detach() * images
        self.spread_sum = self.spread_sum.to(batch.spread.device) + batch.spread * images
        self.uninformed_sum += batch.uninformed_loss * images
        self.images += images

    @property
    def loss(self) -> float:
        return self.loss_sum.item() / self.images

    @property
    def spread(self) -> float:
        return self.spread_sum.item() / self.images

    @property
    def uninformed_loss(self) -> float:
        return self.uninformed_sum / self.images
