"""The datasets by name, and the facts about each that planning and statistics need."""

import math
from dataclasses import dataclass
from typing import Literal, Self

from pydantic import Field, model_validator

from search_spaces.vocabulary import Vocabulary, refusal

DatasetName = Literal["digits", "fashion_mnist", "cifar10", "cifar100", "imagenet", "image_folder"]


class DatasetSpec(Vocabulary):
    """Which images, and how they are split into train, validation and test."""

    name: DatasetName = Field(description="Which dataset.")
    root: str | None = Field(default=None, description="Folder that holds the files; digits needs none.")
    val_fraction: float = Field(
        default=0.15, gt=0, lt=0.5, description="Share of the non-test images held out for validation, per class."
    )
    train_fraction: float = Field(
        default=1.0, gt=0, le=1, description="Share of the remaining training images that is used, per class."
    )
    split_seed: int = Field(
        default=0, ge=0, lt=2**32, description="Seed of the splits; the same for every trial of a sweep."
    )

    @model_validator(mode="after")
    def _check_root(self) -> Self:
        if self.name == "digits" and self.root is not None:
            raise refusal("digits come with the trainers", at=["root"], value=self.root, accepted="no root")
        if self.name == "digits":
            _check_fractions(self, DIGITS)
        return self


@dataclass(frozen=True)
class DatasetFacts:
    """What is known of a dataset before it is opened: counts of images, sides in pixels."""

    classes: int
    image_size: int
    channels: int
    images_outside_test: int
    test_images: int


def _check_fractions(dataset: DatasetSpec, facts: "DatasetFacts") -> None:
    """Every class needs an image in validation and two in training."""
    validation = facts.images_outside_test * dataset.val_fraction
    if validation < facts.classes:
        accepted = f"at least {facts.classes / facts.images_outside_test:.4f}"
        message = f"val_fraction {dataset.val_fraction} leaves less than one image per class"
        raise refusal(message, at=["val_fraction"], value=dataset.val_fraction, accepted=accepted)
    training = (facts.images_outside_test - validation) * dataset.train_fraction
    if training < 2 * facts.classes:
        accepted = f"at least {2 * facts.classes / (facts.images_outside_test - validation):.4f}"
        message = f"train_fraction {dataset.train_fraction} leaves less than two images per class"
        raise refusal(message, at=["train_fraction"], value=dataset.train_fraction, accepted=accepted)


def most_training_images(dataset: DatasetSpec) -> int:
    """Training images that the splits leave at most; rounding per class may take one less of each."""
    facts = DATASET_FACTS[dataset.name]
    return math.ceil(facts.images_outside_test * (1 - dataset.val_fraction) * dataset.train_fraction) + facts.classes


DIGITS = DatasetFacts(classes=10, image_size=8, channels=1, images_outside_test=1437, test_images=360)
"""scikit-learn's copy of the UCI optical digits: 1797 images, a fifth of each class held out as test."""

DATASET_FACTS: dict[str, DatasetFacts] = {"digits": DIGITS}
