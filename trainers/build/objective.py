"""What a trial trains: the objective of its configuration with its encoder, projection, loss and probe."""

from collections.abc import Callable
from typing import Any

from search_spaces.datasets import DatasetSpec, facts_of
from search_spaces.objectives import CLASSIFIERS
from search_spaces.objectives import Objective as Name
from search_spaces.sweep_spec import Probe as ProbeSpec
from search_spaces.trial_config import TrialConfig
from trainers.augmentations.augmentation import Augmentation
from trainers.augmentations.make import make_augmentation
from trainers.build.probe import make_probe
from trainers.contrastive import Contrastive
from trainers.cross_entropy import CrossEntropy
from trainers.distributed import World
from trainers.losses.soft_nearest_neighbour import SoftNearestNeighbourLoss
from trainers.losses.supcon import SupConLoss
from trainers.losses.triplet import TripletLoss
from trainers.max_margin import MaxMargin
from trainers.mixing import Mixing
from trainers.models.encoders import Encoder, make_encoder
from trainers.models.projections import make_projection
from trainers.momentum_contrast import MomentumContrast
from trainers.objective import Objective

ShareDone = Callable[[int], float]
"""The share of a training that is done after so many steps."""


def make_objective(
    config: TrialConfig, dataset: DatasetSpec, probe: ProbeSpec, share_done: ShareDone, world: World
) -> Objective:
    """The objective with weights from torch's global randomness."""
    facts = facts_of(dataset)
    encoder = make_encoder(config.encoder, facts.image_size, facts.channels)
    augmentation = make_augmentation(
        config.augmentation,
        config.augmentation_magnitude,
        facts.image_size,
        facts.channels,
        mirrors=facts.mirrors,
        policy=facts.policy,
    )
    if config.objective in CLASSIFIERS:
        objective = _make_classifier(config, encoder, facts.classes, augmentation, share_done, world)
    else:
        parts = {"probe": make_probe(config, probe, facts.classes, augmentation), "world": world}
        objective = _make_on_embeddings(config, encoder, augmentation, parts)
    if config.compile:
        encoder.compile()
    return objective


def _make_classifier(
    config: TrialConfig,
    encoder: Encoder,
    classes: int,
    augmentation: Augmentation,
    share_done: ShareDone,
    world: World,
) -> Objective:
    if config.objective is Name.MAX_MARGIN:
        margin = config.large_margin
        return MaxMargin(encoder, encoder.feature_dim, classes, margin, share_done, augmentation, world=world)
    return CrossEntropy(
        encoder,
        encoder.feature_dim,
        classes,
        config.label_smoothing,
        augmentation,
        mixing=Mixing(config.mixup_alpha, config.cutmix_alpha),
        world=world,
    )


def _make_on_embeddings(
    config: TrialConfig, encoder: Encoder, augmentation: Augmentation, parts: dict[str, Any]
) -> Objective:
    """`parts` are the probe and the world."""
    projection = make_projection(
        config.projection, encoder.feature_dim, config.projection_dim, normalised=config.embedding_normalised
    )
    match config.objective:
        case Name.TRIPLET:
            return Contrastive(encoder, projection, TripletLoss(config.triplet_margin), augmentation, **parts)
        case Name.SOFT_NEAREST_NEIGHBOUR:
            loss = SoftNearestNeighbourLoss(config.temperature)
            return Contrastive(encoder, projection, loss, augmentation, **parts)
        case Name.N_PAIRS:
            n_pairs = SupConLoss(temperature=1.0, positives_cap=1)
            return Contrastive(encoder, projection, n_pairs, augmentation, **parts)
    uses_labels = config.objective is not Name.SIMCLR
    if config.queue_size == 0:
        return Contrastive(encoder, projection, _supcon(config), augmentation, uses_labels=uses_labels, **parts)
    return MomentumContrast(
        encoder,
        projection,
        _supcon(config),
        augmentation,
        embedding_dim=encoder.feature_dim if config.projection == "none" else config.projection_dim,
        queue_size=config.queue_size,
        key_momentum=config.key_momentum,
        uses_labels=uses_labels,
        **parts,
    )


def _supcon(config: TrialConfig) -> SupConLoss:
    return SupConLoss(
        config.temperature,
        config.base_temperature,
        "in" if config.objective is Name.SUPCON_IN else config.loss_summation,
        scale_by_temperature=config.scale_by_temperature,
        positives_cap=config.positives_cap,
    )
