"""Times whole steps of the trial's loop and, in turns with them, the parts of one step."""

# B images, N views, C channels, H height, W width, F features

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch
from torch import Tensor

from benchmarks.training.workload import BATCH_SIZE, Case, make_images, make_training
from trainers.clock import Clock
from trainers.contrastive import Contrastive
from trainers.datasets.labelled import InMemoryImages
from trainers.draws import Draws
from trainers.loop import Training, train_epoch
from trainers.precision import PrecisionName


@dataclass(frozen=True)
class Timing:
    """Medians over the rounds. Seconds are those of one step."""

    step: float
    parts: dict[str, float]
    """Of data, augmentation, encoder, loss (with the projection) and optimizer, each timed by itself."""
    share: float
    """Of a step that is not the encoder's forward and backward, each round's encoder against the same round's step."""


def time_training(case: Case, precision: PrecisionName, device: torch.device, *, steps: int, rounds: int) -> Timing:
    """Each round times an epoch of `steps` steps, then `steps` times the parts; the first round only warms up."""
    training, images = make_training(case, precision, device), make_images(case, steps, device)
    measured = [_round(training, images, device, steps) for _ in range(rounds + 1)][1:]
    return Timing(
        step=median(step for step, _ in measured),
        parts={name: median(parts[name] for _, parts in measured) for name in measured[0][1]},
        share=median(1 - parts["encoder"] / step for step, parts in measured),
    )


def _round(
    training: Training, images: InMemoryImages, device: torch.device, steps: int
) -> tuple[float, dict[str, float]]:
    epoch = _seconds(lambda: train_epoch(training, images, Clock(1.0, None)), device)
    parts = [_parts_of_a_step(training, images, device) for _ in range(steps)]
    return epoch / steps, {name: median(one[name] for one in parts) for name in parts[0]}


def _parts_of_a_step(training: Training, images: InMemoryImages, device: torch.device) -> dict[str, float]:
    """One step taken apart. Tensors go from part to part as they do in the whole."""
    objective = training.objective
    assert isinstance(objective, Contrastive)
    indices_B = torch.randperm(len(images), generator=training.order)[:BATCH_SIZE]
    made: dict[str, Tensor] = {}

    def data() -> None:
        made["images_BCHW"], made["labels_B"] = next(iter(images.batches([indices_B])))

    def augmentation() -> None:
        draws = Draws(training.augmentation, start=0, stop=BATCH_SIZE, of=BATCH_SIZE)
        made["views_NCHW"] = objective.views_of(made["images_BCHW"], draws)

    def encoder() -> None:
        with training.precision.forward():
            features_NF = objective.encoder(made["views_NCHW"])
        features_NF.backward(torch.ones_like(features_NF))
        made["features_NF"] = features_NF.detach()

    def loss() -> None:
        with training.precision.forward():
            embeddings_ND = objective.projection(made["features_NF"].requires_grad_())
            objective.loss(
                embeddings_ND.unflatten(0, (BATCH_SIZE, objective.views_per_image)), made["labels_B"]
            ).backward()

    def optimizer() -> None:
        training.optimizer.step()
        training.scheduler.step()
        training.optimizer.zero_grad()

    return {part.__name__: _seconds(part, device) for part in (data, augmentation, encoder, loss, optimizer)}


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    _wait_for(device)
    began_at = time.perf_counter()
    work()
    _wait_for(device)
    return time.perf_counter() - began_at


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()
