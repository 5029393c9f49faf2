"""CIFAR from small pickles in its format."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torchvision.datasets import CIFAR10, CIFAR100

from trainers.datasets.cifar import load_cifar10, load_cifar100
from trainers.datasets.splits import Splits
from trainers.datasets.stratified import Division

Write = Callable[[type, str, int], Path]


def sizes(splits: Splits) -> tuple[int, int, int]:
    return len(splits.train), len(splits.val), len(splits.test)


def test_cifar10_is_split_as_published(write_cifar: Write, division: Division) -> None:
    splits = load_cifar10(write_cifar(CIFAR10, "labels", 10), division, download=False)
    assert sizes(splits) == (60, 20, 20)
    assert (splits.channels, splits.image_size, splits.classes) == (3, 32, 10)
    assert splits.train.images.dtype == torch.uint8


def test_cifar100_has_its_fine_classes(write_cifar: Write, division: Division) -> None:
    splits = load_cifar100(write_cifar(CIFAR100, "fine_labels", 100), division, download=False)
    assert (sizes(splits), splits.classes) == ((600, 200, 200), 100)


def test_pixels_lie_where_the_file_says(write_cifar: Write, division: Division) -> None:
    root = write_cifar(CIFAR10, "labels", 10)
    test = load_cifar10(root, division, download=False).test
    assert torch.equal(test.images, torch.from_numpy(CIFAR10(root, train=False).data).permute(0, 3, 1, 2))


def test_a_pickle_of_unknown_content_is_never_opened(write_cifar: Write, division: Division) -> None:
    root = write_cifar(CIFAR10, "labels", 10)
    bomb = root / "cifar-10-batches-py" / "data_batch_3"
    bomb.write_bytes(b"cos\nabort\n(tR.")  # unpickling it would end the process
    with pytest.raises(ValueError, match=r"has no data_batch_3 of cifar10, or not as published; .*cifar-10-python"):
        load_cifar10(root, division, download=False)


def test_an_empty_root_says_what_goes_where(tmp_path: Path, division: Division) -> None:
    with pytest.raises(ValueError, match=r"data_batch_1, .* folder cifar-10-batches-py, which holds .*download: true"):
        load_cifar10(tmp_path, division, download=False)
