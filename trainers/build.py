"""TrialConfig → objects, the only such mapping: everything it makes takes plain arguments."""

import hashlib
import math
from dataclasses import dataclass

import torch

from search_spaces.datasets import DatasetSpec
from search_spaces.learning_rates import peak_learning_rate
from search_spaces.objectives import Objective as ObjectiveName
from search_spaces.sweep_spec import Evaluation
from search_spaces.trial_config import TrialConfig
from trainers.augmentations.augmentation import Augmentation
from trainers.augmentations.make import make_augmentation
from trainers.batch_norm import synchronise_batch_norm
from trainers.contrastive import Contrastive
from trainers.cross_entropy import CrossEntropy
from trainers.datasets.load import load_splits
from trainers.datasets.splits import Splits
from trainers.distributed import ALONE, World
from trainers.evaluation.probes import LbfgsProbe
from trainers.health import Health
from trainers.loop import Training, steps_per_epoch
from trainers.losses.supcon import Summation, SupConLoss
from trainers.models.encoders import Encoder, make_encoder
from trainers.models.projections import make_projection
from trainers.objective import Objective
from trainers.optimizers.make import make_optimizer
from trainers.optimizers.schedules import make_scheduler
from trainers.precision import Precision


@dataclass(frozen=True)
class BuiltTrial:
    """A trial before its first step. `fingerprint` is equal only for the same configuration on the same images."""

    splits: Splits
    training: Training
    epochs: int
    fingerprint: str


def build_trial(config: TrialConfig, dataset: DatasetSpec, evaluation: Evaluation, world: World = ALONE) -> BuiltTrial:
    """Loads the images and makes the model, on the GPU if there is one. Equal arguments give equal weights.

    Raises ValueError, saying what is accepted, for what cannot be built or does not fit the images.
    """
    _check_evaluation(evaluation)
    splits = _load_splits(dataset)
    _check_batch_size(config, splits)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with torch.random.fork_rng():
        torch.manual_seed(_seed_of_stream(config.seed, "weights"))
        objective = _make_objective(config, splits, world).to(device)
    synchronise_batch_norm(objective, world, device)
    training = _make_training(config, objective, device, world, images=len(splits.train))
    return BuiltTrial(splits.to(device), training, config.epochs, _fingerprint(config, splits))


def _check_evaluation(evaluation: Evaluation) -> None:
    if evaluation.probe.kind != "lbfgs":
        raise ValueError(f"this runner has no {evaluation.probe.kind!r} probe; accepted: lbfgs")


def _load_splits(dataset: DatasetSpec) -> Splits:
    return load_splits(
        dataset.name,
        val_fraction=dataset.val_fraction,
        train_fraction=dataset.train_fraction,
        split_seed=dataset.split_seed,
    )


def _check_batch_size(config: TrialConfig, splits: Splits) -> None:
    if config.batch_size > len(splits.train):
        raise ValueError(
            f"batch_size {config.batch_size} is more than the {len(splits.train)} training images; accepted: "
            f"2 … {len(splits.train)}"
        )


def _make_objective(config: TrialConfig, splits: Splits, world: World) -> Objective:
    augmentation = make_augmentation(
        config.augmentation, config.augmentation_magnitude, splits.image_size, splits.channels
    )
    encoder = make_encoder(config.encoder, splits.image_size, splits.channels)
    if config.compile:
        encoder.compile()
    match config.objective:
        case ObjectiveName.SUPCON | ObjectiveName.SUPCON_IN | ObjectiveName.SIMCLR:
            return _make_contrastive(config, splits, encoder, augmentation, world)
        case ObjectiveName.CROSS_ENTROPY:
            return CrossEntropy(
                encoder, encoder.feature_dim, splits.classes, config.label_smoothing, augmentation, world=world
            )
        case other:
            raise ValueError(
                f"this runner has no objective {other.value!r}; accepted: supcon, supcon_in, simclr, cross_entropy"
            )


def _make_contrastive(
    config: TrialConfig, splits: Splits, encoder: Encoder, augmentation: Augmentation, world: World
) -> Contrastive:
    return Contrastive(
        encoder,
        make_projection(
            config.projection, encoder.feature_dim, config.projection_dim, normalised=config.embedding_normalised
        ),
        SupConLoss(config.temperature, config.base_temperature, _summation(config)),
        augmentation,
        uses_labels=config.objective is not ObjectiveName.SIMCLR,
        probe=LbfgsProbe(splits.classes, config.probe_weight_decay, config.probe_max_iterations),
        world=world,
    )


def _summation(config: TrialConfig) -> Summation:
    return "in" if config.objective is ObjectiveName.SUPCON_IN else config.loss_summation


def _make_training(
    config: TrialConfig, objective: Objective, device: torch.device, world: World, images: int
) -> Training:
    steps = steps_per_epoch(images, config.batch_size)
    optimizer = make_optimizer(
        config.optimizer, objective, peak_learning_rate(config), config.momentum, config.weight_decay
    )
    return Training(
        objective,
        optimizer,
        make_scheduler(optimizer, config.schedule, config.epochs * steps, round(config.warmup_epochs * steps)),
        order=torch.Generator().manual_seed(_seed_of_stream(config.seed, "order")),
        augmentation=torch.Generator().manual_seed(_seed_of_stream(config.seed, "augmentation")),
        health=Health(warmup_epochs=math.ceil(config.warmup_epochs)),
        precision=Precision(config.precision, device),
        batch_size=config.batch_size,
        gradient_clip=config.gradient_clip,
        world=world,
    )


def _seed_of_stream(seed: int, stream: str) -> int:
    """63 bits, unrelated for different seeds or streams: arms of a pair share the order, not only its seed."""
    return int.from_bytes(hashlib.sha256(f"{stream} {seed}".encode()).digest()[:8]) >> 1


def _fingerprint(config: TrialConfig, splits: Splits) -> str:
    # Without defaults: a field that a later release adds changes no checkpoint's configuration.
    return hashlib.sha256(
        f"{config.model_dump_json(exclude_defaults=True)} {splits.fingerprint()}".encode()
    ).hexdigest()
