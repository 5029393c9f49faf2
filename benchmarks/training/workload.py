"""The trainings that are timed: the trial's own building blocks, on random images of the right shape."""

from dataclasses import dataclass

import torch

from trainers.augmentations.make import make_augmentation
from trainers.contrastive import Contrastive
from trainers.datasets.labelled import InMemoryImages
from trainers.distributed import ALONE
from trainers.evaluation.probes import LbfgsProbe
from trainers.health import Health
from trainers.loop import Training
from trainers.losses.supcon import SupConLoss
from trainers.models.encoders import EncoderName, make_encoder
from trainers.models.projections import make_projection
from trainers.optimizers.make import make_optimizer
from trainers.optimizers.schedules import make_scheduler
from trainers.precision import Precision, PrecisionName

BATCH_SIZE = 256
CLASSES = 10
LEARNING_RATE = 1e-6
"""So small that nothing is learnt: random labels would otherwise end a run as collapsed."""


@dataclass(frozen=True)
class Case:
    """A model with the images it is timed on. `largest_share` is the claim, by type of device."""

    name: str
    encoder: EncoderName
    image_size: int
    channels: int
    largest_share: dict[str, float]


CASES = [
    Case("tiny_resnet on 8×8×1", "tiny_resnet", image_size=8, channels=1, largest_share={"cpu": 0.35}),
    Case("resnet18 on 32×32×3", "resnet18", image_size=32, channels=3, largest_share={"cpu": 0.10, "cuda": 0.15}),
]


def make_images(case: Case, batches: int, device: torch.device) -> InMemoryImages:
    """Random bytes, which is how images of data sets lie in memory."""
    generator = torch.Generator().manual_seed(0)
    shape = (batches * BATCH_SIZE, case.channels, case.image_size, case.image_size)
    images = torch.randint(256, shape, generator=generator, dtype=torch.uint8)
    return InMemoryImages(images, torch.randint(CLASSES, shape[:1], generator=generator)).to(device)


def make_training(case: Case, precision: PrecisionName, device: torch.device) -> Training:
    """SupCon with the defaults of a TrialConfig."""
    encoder = make_encoder(case.encoder, case.image_size, case.channels)
    objective = Contrastive(
        encoder,
        make_projection("mlp", encoder.feature_dim, projection_dim=128, normalised=True),
        SupConLoss(temperature=0.1),
        make_augmentation("randaugment", 9, case.image_size, case.channels),
        probe=LbfgsProbe(CLASSES, weight_decay=1e-3, max_iterations=100),
        world=ALONE,
    ).to(device)
    optimizer = make_optimizer("sgd", objective, LEARNING_RATE, momentum=0.9, weight_decay=1e-4)
    return Training(
        objective,
        optimizer,
        make_scheduler(optimizer, "cosine", steps_total=1000, warmup_steps=10),
        order=torch.Generator().manual_seed(1),
        augmentation=torch.Generator().manual_seed(2),
        health=Health(warmup_epochs=1),
        precision=Precision(precision, device),
        batch_size=BATCH_SIZE,
        gradient_clip=None,
        world=ALONE,
    )
