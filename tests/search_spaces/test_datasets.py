"""What may be said of a dataset, and what is known of it."""

from typing import Any

import pytest
from pydantic import ValidationError

from search_spaces.datasets import DATASET_FACTS, DatasetSpec, facts_of, most_training_images
from search_spaces.presets import digits_demo
from search_spaces.refusals import Refusal, refusals
from search_spaces.sweep_spec import SweepSpec

FOLDER = {"name": "image_folder", "root": "/data/cats", "classes": 3, "image_size": 64}


def refused(document: dict[str, Any]) -> Refusal:
    with pytest.raises(ValidationError) as caught:
        DatasetSpec.model_validate(document)
    return refusals(caught.value.errors(), document)[0]


@pytest.mark.parametrize(
    ("document", "pointer", "parts"),
    [
        ({"name": "digits", "root": "/data"}, "/root", ["digits come with the trainers", "no root"]),
        ({"name": "digits", "download": True}, "/download", ["digits", "fashion_mnist, cifar10, cifar100"]),
        ({"name": "imagenet", "root": "/d", "download": True}, "/download", ["imagenet cannot be downloaded"]),
        ({**FOLDER, "download": True}, "/download", ["image_folder cannot be downloaded"]),
        ({"name": "cifar10"}, "/root", ["cifar10 needs the folder", "None", "datasets.md"]),
        ({"name": "cifar10", "root": "data"}, "/root", ["'data'", "absolute"]),
        ({"name": "cifar10", "root": "/data/../etc"}, "/root", ["'/data/../etc'", "without .."]),
        ({"name": "cifar10", "root": "s3://data/../etc"}, "/root", ["s3://bucket/prefix without options"]),
        ({"name": "cifar10", "root": "gs://data/cifar"}, "/root", ["s3://bucket/prefix without options"]),
        ({"name": "cifar10", "root": "s3://data?endpoint_override=evil:1"}, "/root", ["prefix without options"]),
        ({"name": "cifar10", "root": "s3://data", "download": True}, "/download", ["into a bucket", "a folder"]),
        ({"name": "digits", "image_size": 28}, "/image_size", ["digits are not resized", "none or 8"]),
        ({"name": "cifar10", "root": "/d", "image_size": 224}, "/image_size", ["cifar10", "none or 32"]),
        ({"name": "image_folder", "root": "/d", "classes": 3}, "/image_size", ["image_folder", "such as 224"]),
        ({"name": "image_folder", "root": "/d", "image_size": 64}, "/classes", ["image_folder", "class folders"]),
        ({**FOLDER, "classes": 1}, "/classes", ["greater than or equal to 2"]),
        ({"name": "cifar100", "root": "/d", "classes": 20}, "/classes", ["cifar100 has 100 classes"]),
        ({"name": "cifar100", "root": "/d", "val_fraction": 0.001}, "/val_fraction", ["0.001", "at least 0.0020"]),
        ({"name": "imagenet", "root": "/d", "train_fraction": 0.001}, "/train_fraction", ["0.001", "at least 0.0018"]),
    ],
)
def test_illegal_dataset_is_refused(document: dict[str, Any], pointer: str, parts: list[str]) -> None:
    refusal = refused(document)
    assert refusal.pointer == pointer
    for part in parts:
        assert part in refusal.detail


@pytest.mark.parametrize("name", [name for name in DATASET_FACTS if name != "digits"])
def test_every_dataset_may_be_swept(name: str) -> None:
    document = digits_demo().model_dump(mode="json", exclude_defaults=True) | {"dataset": {"name": name, "root": "/d"}}
    assert SweepSpec.model_validate(document).dataset.name == name


def test_a_batch_is_not_judged_by_images_that_nobody_has_counted() -> None:
    document = digits_demo().model_dump(mode="json", exclude_defaults=True) | {"dataset": FOLDER}
    assert most_training_images(SweepSpec.model_validate(document).dataset) is None


def test_a_folder_is_what_its_owner_says() -> None:
    facts = facts_of(DatasetSpec.model_validate(FOLDER))
    assert (facts.classes, facts.image_size, facts.channels, facts.images_outside_test) == (3, 64, 3, None)


def test_an_image_size_replaces_that_of_imagenet() -> None:
    assert facts_of(DatasetSpec(name="imagenet", root="/d")).image_size == 224
    assert facts_of(DatasetSpec(name="imagenet", root="/d", image_size=64)).image_size == 64
