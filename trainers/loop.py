"""Trains epoch after epoch: batches, steps, metering. What comes between two epochs is the caller's.

All randomness comes from two generators whose states are saved, so that a seed gives the same run every time, and a
run that goes on from its saved state the same as one that was never interrupted. Each worker trains on its share of
every batch; what they decide, they decide alike.
"""

# B images of a batch, R of them this worker's, C channels, H height, W width

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from trainers.allowance import Allowance
from trainers.clock import Clock
from trainers.datasets.labelled import LabelledImages
from trainers.device_use import DeviceUse
from trainers.distributed import World
from trainers.draws import Draws
from trainers.health import Health
from trainers.objective import BatchLoss, Objective
from trainers.precision import Precision

SMALLEST_BATCH = 2
"""Batch normalisation needs two images. A smaller remainder sits out its epoch; the next one shuffles again."""
CHECK_EVERY_STEPS = 16
"""Reading the loss makes the host wait for a GPU, and asking the others for all, so it is done this seldom."""


@dataclass
class Training:
    """Everything that changes while a trial trains. `state_dict` holds all of it: tensors and plain values.

    The state is the same on every worker, and the same for any number of them.
    """

    objective: Objective
    optimizer: Optimizer
    scheduler: LambdaLR
    order: torch.Generator
    augmentation: torch.Generator
    health: Health
    precision: Precision
    batch_size: int
    gradient_clip: float | None
    world: World
    allowance: Allowance | None = None
    """What is trained for; None trains as many epochs as the caller asks for."""
    epochs_done: int = 0
    image_passes: int = 0
    replica: nn.Module = field(init=False)

    def __post_init__(self) -> None:
        self.replica = self.world.parallel(self.objective)

    def state_dict(self) -> dict[str, Any]:
        """What `load_state_dict` needs to go on exactly from here."""
        allowance = {} if self.allowance is None else {"allowance_used": self.allowance.used}
        return {
            "objective": self.objective.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "order": self.order.get_state(),
            "augmentation": self.augmentation.get_state(),
            "health": self.health.state_dict(),
            "precision": self.precision.state_dict(),
            "epochs_done": self.epochs_done,
            "image_passes": self.image_passes,
            **allowance,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Goes on from a state that an equal Training had."""
        self.objective.load_state_dict(state["objective"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.order.set_state(state["order"])
        self.augmentation.set_state(state["augmentation"])
        self.health.load_state_dict(state["health"])
        self.precision.load_state_dict(state["precision"])
        self.epochs_done = state["epochs_done"]
        self.image_passes = state["image_passes"]
        if self.allowance is not None:
            self.allowance.used = state["allowance_used"]


def steps_per_epoch(images: int, batch_size: int) -> int:
    """Whole batches, and one more for a remainder that is not too small."""
    return images // batch_size + (images % batch_size >= SMALLEST_BATCH)


def train_epoch(training: Training, train: LabelledImages, clock: Clock) -> dict[str, float]:
    """One pass over the images in a new order, or as much of it as the allowance is enough for; a step at least.

    Returns train_loss, learning_rate (its last), images_per_second, how much of the device was used, and of an
    allowance the training_device_seconds so far.

    Raises Diverged, Collapsed or TimedOut, on all workers alike.
    """
    start_seconds, start_passes = clock.seconds, training.image_passes
    device_use = DeviceUse(train.labels.device, clock)
    learning_rate = 0.0
    totals = _EpochTotals(training.world, train.labels.device)
    training.objective.train()
    allowance = training.allowance
    if allowance is not None:
        allowance.begin(clock)
    for step, (images_RCHW, labels_R, rows) in enumerate(_shares_of_batches(training, train)):
        _check_time(training.world, clock, step, labels_R.device)
        learning_rate = float(training.scheduler.get_last_lr()[0])
        totals.add(_train_step(training, images_RCHW, labels_R, rows), len(labels_R), rows)
        if step % CHECK_EVERY_STEPS == 0:
            training.health.check_finite(training.epochs_done + 1, totals.means().loss)
        if allowance is not None and allowance.is_used_up:
            break
    training.epochs_done += 1
    means = totals.means()
    if allowance is not None:
        allowance.end()
    training.health.check_epoch(
        training.epochs_done,
        loss=means.loss,
        uninformed_loss=means.uninformed_loss,
        spread=means.spread,
        is_warming_up=allowance is not None and allowance.is_warming_up,
    )
    return {
        "train_loss": means.loss,
        "learning_rate": learning_rate,
        "images_per_second": (training.image_passes - start_passes) / (clock.seconds - start_seconds),
        **device_use.metrics(),
        **({} if allowance is None else {"training_device_seconds": allowance.used}),
    }


def _shares_of_batches(training: Training, train: LabelledImages) -> Iterator[tuple[Tensor, Tensor, int]]:
    """This worker's images and labels of each batch of an epoch, and how many images the whole batch has."""
    order_N = torch.randperm(len(train), generator=training.order)
    batches = [batch_B for batch_B in torch.split(order_N, training.batch_size) if len(batch_B) >= SMALLEST_BATCH]
    shares = (batch_B[training.world.slice_of(len(batch_B))] for batch_B in batches)
    for batch_B, (images_RCHW, labels_R) in zip(batches, train.batches(shares), strict=True):
        yield images_RCHW, labels_R, len(batch_B)


def _check_time(world: World, clock: Clock, step: int, device: torch.device) -> None:
    if (world.size == 1 or step % CHECK_EVERY_STEPS == 0) and world.any(clock.is_over, device):
        raise clock.timed_out()


def _train_step(training: Training, images_RCHW: Tensor, labels_R: Tensor, rows: int) -> BatchLoss:
    """One step of the whole batch, which has `rows` images."""
    share = training.world.slice_of(rows)
    draws = Draws(training.augmentation, start=share.start, stop=share.stop, of=rows)
    with training.precision.forward():
        batch_loss: BatchLoss = training.replica(images_RCHW, labels_R, draws)
    # The replica averages gradients over the workers, where shares are to be summed.
    loss = batch_loss.loss * training.world.size
    training.precision.step(loss, training.optimizer, training.objective, training.gradient_clip)
    if training.allowance is not None:
        training.allowance.count_step()
    training.scheduler.step()
    training.objective.after_step()
    training.image_passes += rows * training.objective.views_per_image
    return batch_loss


@dataclass(frozen=True)
class _EpochMeans:
    loss: float
    spread: float
    uninformed_loss: float


class _EpochTotals:
    """Sums over an epoch, weighted by images. They stay on the device until they are read."""

    def __init__(self, world: World, device: torch.device) -> None:
        self._world = world
        self._images = 0
        self._loss_and_spread = torch.zeros(2, device=device)
        self._uninformed_loss = 0.0

    def add(self, batch: BatchLoss, own_rows: int, rows: int) -> None:
        """A batch of `rows` images, `own_rows` of them this worker's."""
        self._loss_and_spread += torch.stack([batch.loss.detach().float() * rows, batch.spread.float() * own_rows])
        self._uninformed_loss += batch.uninformed_loss * rows
        self._images += rows

    def means(self) -> _EpochMeans:
        """Over the images of all workers, who must all call it."""
        loss, spread = self._world.sum(self._loss_and_spread).tolist()
        return _EpochMeans(loss / self._images, spread / self._images, self._uninformed_loss / self._images)
