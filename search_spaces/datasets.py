"""The datasets by name, and the facts about each that planning and statistics need."""

import math
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal, Self

from pydantic import Field, model_validator

from search_spaces.locations import Bucket, is_url
from search_spaces.vocabulary import Vocabulary, refusal

DatasetName = Literal["digits", "fashion_mnist", "cifar10", "cifar100", "imagenet", "image_folder"]
AutoAugmentPolicy = Literal["svhn", "cifar10", "imagenet"]

DOWNLOADABLE: list[DatasetName] = ["fashion_mnist", "cifar10", "cifar100"]
RESIZABLE: list[DatasetName] = ["imagenet", "image_folder"]
"""Files of any size, so they are brought to one; the others are what they are."""


class DatasetSpec(Vocabulary):
    """Which images, and how they are split into train, validation and test."""

    name: DatasetName = Field(description="Which dataset.")
    root: str | None = Field(
        default=None,
        max_length=1000,
        description="Folder of the files on every cluster, or an s3:// URL, see datasets.md; digits needs none.",
    )
    download: bool = Field(
        default=False,
        description="Fetch missing files into a root that is a folder; fashion_mnist, cifar10 and cifar100 only.",
    )
    image_size: int | None = Field(
        default=None,
        ge=8,
        le=1024,
        description="Pixels per side that imagenet (none: 224) and image_folder (required) are brought to.",
    )
    classes: int | None = Field(
        default=None, ge=2, le=100_000, description="How many classes an image_folder has; required there."
    )
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
    def _check_whole(self) -> Self:
        _check_root(self)
        _check_download(self)
        _check_image_size(self)
        _check_classes(self)
        _check_fractions(self)
        return self


@dataclass(frozen=True)
class DatasetFacts:
    """What is known of a dataset before it is opened: counts of images, sides in pixels.

    Counts are None where only the files tell; checks that need them are then the runner's.
    """

    classes: int
    image_size: int
    channels: int
    images_outside_test: int | None
    test_images: int | None
    mirrors: bool
    """Whether an image keeps its class when it is mirrored left to right."""
    policy: AutoAugmentPolicy
    """The published AutoAugment policy whose images are most like these."""


def facts_of(dataset: DatasetSpec) -> DatasetFacts:
    """The facts of the dataset as the spec wants it."""
    if dataset.name == "image_folder":
        assert dataset.classes is not None, "checked when the spec is read"
        assert dataset.image_size is not None, "checked when the spec is read"
        return _facts_of_photographs(dataset.classes, dataset.image_size)
    facts = DATASET_FACTS[dataset.name]
    return facts if dataset.image_size is None else replace(facts, image_size=dataset.image_size)


def most_training_images(dataset: DatasetSpec) -> int | None:
    """Training images that the splits leave at most, None if unknown; rounding per class may take one less of each."""
    facts = facts_of(dataset)
    if facts.images_outside_test is None:
        return None
    return math.ceil(facts.images_outside_test * (1 - dataset.val_fraction) * dataset.train_fraction) + facts.classes


def training_images(dataset: DatasetSpec) -> int | None:
    """How many images the splits leave to train on, None where only the files tell."""
    outside_test = facts_of(dataset).images_outside_test
    if outside_test is None:
        return None
    remaining = outside_test - math.floor(dataset.val_fraction * outside_test)
    return remaining if dataset.train_fraction == 1 else math.floor(dataset.train_fraction * remaining)


def _check_root(dataset: DatasetSpec) -> None:
    root = dataset.root
    if dataset.name == "digits":
        if root is not None:
            raise refusal("digits come with the trainers", at=["root"], value=root, accepted="no root")
        return
    if root is None or not (_names_bucket(root) if is_url(root) else _names_folder(root)):
        message = f"{dataset.name} needs the folder of its files, got {root!r}"
        accepted = (
            "an absolute path without .. that holds on every cluster, or s3://bucket/prefix without options; "
            "datasets.md says which files go where"
        )
        raise refusal(message, at=["root"], value=root, accepted=accepted)


def _names_folder(root: str) -> bool:
    """A runner has no folder that a relative path could mean."""
    return PurePosixPath(root).is_absolute() and ".." not in PurePosixPath(root).parts


def _names_bucket(root: str) -> bool:
    """How a bucket is reached is its service's to say: no spec makes a cluster call another store."""
    try:
        bucket = Bucket.parse(root)
    except ValueError:
        return False
    return bucket == Bucket(bucket.path)


def _check_download(dataset: DatasetSpec) -> None:
    if dataset.download and dataset.name not in DOWNLOADABLE:
        message = f"{dataset.name} cannot be downloaded"
        accepted = f"false, or one of the datasets {', '.join(DOWNLOADABLE)}"
        raise refusal(message, at=["download"], value=True, accepted=accepted)
    if dataset.download and is_url(dataset.root or ""):
        message = f"{dataset.name} is not downloaded into a bucket"
        raise refusal(message, at=["download"], value=True, accepted="false, or a root that is a folder")


def _check_image_size(dataset: DatasetSpec) -> None:
    size = dataset.image_size
    if dataset.name == "image_folder" and size is None:
        message = "an image_folder has no image size of its own"
        raise refusal(message, at=["image_size"], value=None, accepted="pixels per side, such as 224")
    if dataset.name not in RESIZABLE and size not in (None, DATASET_FACTS[dataset.name].image_size):
        message = f"the images of {dataset.name} are not resized"
        accepted = f"none or {DATASET_FACTS[dataset.name].image_size}"
        raise refusal(message, at=["image_size"], value=size, accepted=accepted)


def _check_classes(dataset: DatasetSpec) -> None:
    classes = dataset.classes
    if dataset.name == "image_folder":
        if classes is None:
            message = "nobody but its owner knows how many classes an image_folder has"
            raise refusal(message, at=["classes"], value=None, accepted="the number of its class folders")
    elif classes not in (None, DATASET_FACTS[dataset.name].classes):
        message = f"{dataset.name} has {DATASET_FACTS[dataset.name].classes} classes"
        accepted = f"none or {DATASET_FACTS[dataset.name].classes}"
        raise refusal(message, at=["classes"], value=classes, accepted=accepted)


def _check_fractions(dataset: DatasetSpec) -> None:
    """Every class needs an image in validation and two in training."""
    facts = facts_of(dataset)
    if facts.images_outside_test is None:
        return
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


DATASET_FACTS: dict[str, DatasetFacts] = {
    # scikit-learn's copy of the UCI optical digits: 1797 images, a fifth of each class held out as test.
    "digits": DatasetFacts(
        classes=10, image_size=8, channels=1, images_outside_test=1437, test_images=360, mirrors=False, policy="svhn"
    ),
    # arXiv:1708.07747
    "fashion_mnist": DatasetFacts(
        classes=10,
        image_size=28,
        channels=1,
        images_outside_test=60_000,
        test_images=10_000,
        mirrors=True,
        policy="cifar10",
    ),
    # Krizhevsky 2009, "Learning multiple layers of features from tiny images"
    "cifar10": DatasetFacts(
        classes=10,
        image_size=32,
        channels=3,
        images_outside_test=50_000,
        test_images=10_000,
        mirrors=True,
        policy="cifar10",
    ),
    # AutoAugment itself uses its policy of CIFAR-10 here (arXiv:1805.09501).
    "cifar100": DatasetFacts(
        classes=100,
        image_size=32,
        channels=3,
        images_outside_test=50_000,
        test_images=10_000,
        mirrors=True,
        policy="cifar10",
    ),
    # ILSVRC2012 (arXiv:1409.0575): the published validation images are the test, for the test labels are secret.
    "imagenet": DatasetFacts(
        classes=1000,
        image_size=224,
        channels=3,
        images_outside_test=1_281_167,
        test_images=50_000,
        mirrors=True,
        policy="imagenet",
    ),
}
"""All datasets but image_folder, whose owner tells; see `facts_of`."""


def _facts_of_photographs(classes: int, image_size: int) -> DatasetFacts:
    """A folder may hold anything; it is treated as what it mostly is."""
    return DatasetFacts(
        classes=classes,
        image_size=image_size,
        channels=3,
        images_outside_test=None,
        test_images=None,
        mirrors=True,
        policy="imagenet",
    )
