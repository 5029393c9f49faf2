"""How a frozen encoder becomes a classifier: the second stage of every objective that trains on embeddings."""

# B images, F features, K classes

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor
from torch.nn.functional import normalize

from trainers.augmentations.augmentation import Augmentation
from trainers.datasets.labelled import LabelledImages
from trainers.distributed import World
from trainers.evaluation.inference import Frozen, outputs_of
from trainers.evaluation.probe import fit_probe
from trainers.evaluation.probe_sgd import ProbeOptimizer, fit_probe_sgd


class Probe(Protocol):
    """A linear classifier of features, fitted to training images."""

    def __call__(self, encoder: Frozen, train: LabelledImages, world: World) -> Frozen:
        """From images_BCHW to logits_BK. `encoder` gives features_BF; all workers call it and get the same."""


@dataclass(frozen=True)
class LbfgsProbe:
    """Fitted to convergence on the images as they are, not augmented: no randomness, no hyperparameters to blur."""

    classes: int
    weight_decay: float
    max_iterations: int

    def __call__(self, encoder: Frozen, train: LabelledImages, world: World) -> Frozen:
        probe = fit_probe(
            outputs_of(encoder, train, world),
            train.labels,
            classes=self.classes,
            weight_decay=self.weight_decay,
            max_iterations=self.max_iterations,
        )
        return lambda images_BCHW: probe.logits(encoder(images_BCHW))


@dataclass(frozen=True)
class SgdProbe:
    """The paper's second stage, on features of length 1 as in its released code. Each call starts from the seed."""

    classes: int
    optimizer: ProbeOptimizer
    learning_rate: float
    weight_decay: float
    label_smoothing: float
    epochs: int
    batch_size: int
    augmentation: Augmentation
    seed: int

    def __call__(self, encoder: Frozen, train: LabelledImages, world: World) -> Frozen:
        def unit_features(images_BCHW: Tensor) -> Tensor:
            return normalize(encoder(images_BCHW), dim=1)

        probe = fit_probe_sgd(
            unit_features,
            train,
            classes=self.classes,
            optimizer=self.optimizer,
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            label_smoothing=self.label_smoothing,
            epochs=self.epochs,
            batch_size=self.batch_size,
            augmentation=self.augmentation,
            seed=self.seed,
            world=world,
        )
        return lambda images_BCHW: probe.logits(unit_features(images_BCHW))
