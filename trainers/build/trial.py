"""A whole trial before its first step."""

import hashlib
import math
from dataclasses import dataclass

import torch

from search_spaces.datasets import DatasetSpec
from search_spaces.learning_rates import peak_learning_rate
from search_spaces.sweep_spec import Evaluation
from search_spaces.trial_config import TrialConfig
from trainers.allowance import Allowance
from trainers.batch_norm import synchronise_batch_norm
from trainers.build.objective import ShareDone, make_objective
from trainers.build.seeds import generator_of, seed_of
from trainers.build.splits import make_splits
from trainers.datasets.label_noise import with_noisy_training
from trainers.datasets.splits import Splits
from trainers.distributed import ALONE, World
from trainers.health import Health
from trainers.loop import Training, steps_per_epoch
from trainers.objective import Objective
from trainers.optimizers.make import make_optimizer
from trainers.optimizers.schedules import make_allowance_scheduler, make_scheduler
from trainers.precision import Precision

SMALLEST_SHARE = 2
"""Images of a batch that each worker has at least."""


class DoesNotFit(ValueError):
    """The configuration and the images, or the workers, do not go together; the message says what is accepted."""


@dataclass(frozen=True)
class BuiltTrial:
    """A trial before its first step."""

    splits: Splits
    training: Training
    epochs: int
    """How many it trains, unless it has an allowance."""
    images_fingerprint: str
    """Equal only for the same images and labels in the same splits, label noise left out."""
    fingerprint: str
    """Equal only for the same configuration on the same images."""


def build_trial(config: TrialConfig, dataset: DatasetSpec, evaluation: Evaluation, world: World = ALONE) -> BuiltTrial:
    """Loads the images and makes the model, on the GPU if there is one. Equal arguments give equal weights.

    Raises DoesNotFit, and ValueError for images that are missing or damaged.
    """
    splits = make_splits(dataset)
    images_fingerprint = splits.fingerprint()
    _check_batch_size(config, splits, world)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    steps = config.epochs * steps_per_epoch(len(splits.train), config.batch_size)
    allowance = _make_allowance(config, world, device)
    with torch.random.fork_rng():
        torch.manual_seed(seed_of(config.seed, "weights"))
        share_done = _share_done(steps, allowance)
        objective = make_objective(config, dataset, evaluation.probe, share_done, world).to(device)
    synchronise_batch_norm(objective, world, device)
    training = _make_training(config, objective, steps, allowance, device, world)
    return BuiltTrial(
        _with_label_noise(config, splits).to(device),
        training,
        config.epochs,
        images_fingerprint,
        _fingerprint(config, images_fingerprint),
    )


def _with_label_noise(config: TrialConfig, splits: Splits) -> Splits:
    """Arms of a pair have the same wrong labels in training."""
    if config.label_noise == 0:
        return splits
    return with_noisy_training(splits, config.label_noise, generator_of(config.seed, "label noise"))


def _check_batch_size(config: TrialConfig, splits: Splits, world: World) -> None:
    images, least = len(splits.train), SMALLEST_SHARE * world.size
    if config.batch_size > images:
        raise DoesNotFit(
            f"batch_size {config.batch_size} is more than the {images} training images; accepted: {least} … {images}"
        )
    if config.batch_size < least:
        raise DoesNotFit(
            f"batch_size {config.batch_size} leaves {world.size} workers less than {SMALLEST_SHARE} images each; "
            f"accepted: {least} … {images}"
        )


def _make_allowance(config: TrialConfig, world: World, device: torch.device) -> Allowance | None:
    """None for a trial that trains its epochs; else its warm-up keeps its share of them."""
    if config.device_seconds is None:
        return None
    return Allowance(config.device_seconds, config.warmup_epochs / config.epochs, world, device)


def _share_done(steps: int, allowance: Allowance | None) -> ShareDone:
    if allowance is None:
        return lambda steps_done: steps_done / steps
    return lambda steps_done: allowance.used_share


def _make_training(
    config: TrialConfig,
    objective: Objective,
    steps: int,
    allowance: Allowance | None,
    device: torch.device,
    world: World,
) -> Training:
    optimizer = make_optimizer(
        config.optimizer, objective, peak_learning_rate(config), config.momentum, config.weight_decay
    )
    warmup_steps = round(config.warmup_epochs * (steps // config.epochs))
    scheduler = (
        make_scheduler(optimizer, config.schedule, steps, warmup_steps)
        if allowance is None
        else make_allowance_scheduler(optimizer, config.schedule, allowance)
    )
    return Training(
        objective,
        optimizer,
        scheduler,
        order=generator_of(config.seed, "order"),
        augmentation=generator_of(config.seed, "augmentation"),
        health=Health(warmup_epochs=0 if allowance else math.ceil(config.warmup_epochs)),
        precision=Precision(config.precision, device),
        batch_size=config.batch_size,
        gradient_clip=config.gradient_clip,
        world=world,
        allowance=allowance,
    )


def _fingerprint(config: TrialConfig, images_fingerprint: str) -> str:
    # Without defaults: a field that a later release adds changes no checkpoint's configuration.
    return hashlib.sha256(f"{config.model_dump_json(exclude_defaults=True)} {images_fingerprint}".encode()).hexdigest()
