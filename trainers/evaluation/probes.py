"""How a frozen encoder becomes a classifier: the second stage of every objective that trains on embeddings."""

# B images, F features, K classes

from dataclasses import dataclass
from typing import Protocol

from trainers.datasets.labelled import LabelledImages
from trainers.distributed import World
from trainers.evaluation.inference import Frozen, outputs_of
from trainers.evaluation.probe import fit_probe


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
