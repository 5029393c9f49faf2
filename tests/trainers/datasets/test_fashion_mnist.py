"""Fashion-MNIST from small files in its format."""

import gzip
from pathlib import Path

import pytest
import torch

from trainers.datasets.fashion_mnist import BELOW_ROOT, load_fashion_mnist
from trainers.datasets.splits import Splits
from trainers.datasets.stratified import Division


def sizes(splits: Splits) -> tuple[int, int, int]:
    return len(splits.train), len(splits.val), len(splits.test)


def test_the_published_test_images_are_the_test(small_fashion: Path, division: Division) -> None:
    splits = load_fashion_mnist(small_fashion, division, download=False)
    assert sizes(splits) == (60, 20, 20)
    assert (splits.channels, splits.image_size, splits.classes) == (1, 28, 10)
    assert splits.test.images[:, 0, 0, 0].tolist() == list(range(20))


def test_images_keep_their_labels(small_fashion: Path, division: Division) -> None:
    splits = load_fashion_mnist(small_fashion, division, download=False)
    for part in (splits.train, splits.val, splits.test):
        assert torch.equal(part.images[:, 0, 0, 0].long() % 10, part.labels)


def test_unpacked_files_where_torchvision_puts_them_are_the_same(small_fashion: Path, division: Division) -> None:
    packed = load_fashion_mnist(small_fashion, division, download=False).fingerprint()
    (small_fashion / BELOW_ROOT).mkdir(parents=True)
    for path in small_fashion.glob("*.gz"):
        (small_fashion / BELOW_ROOT / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    assert load_fashion_mnist(small_fashion, division, download=False).fingerprint() == packed


def test_a_missing_file_is_named_with_where_it_goes(small_fashion: Path, division: Division) -> None:
    (small_fashion / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(ValueError, match=r"has no t10k-labels-idx1-ubyte\.gz .*FashionMNIST/raw; or download: true"):
        load_fashion_mnist(small_fashion, division, download=False)


def test_classes_of_other_sizes_are_taken_for_mnist_and_refused(small_fashion: Path, division: Division) -> None:
    path = small_fashion / "train-labels-idx1-ubyte.gz"
    content = bytearray(gzip.decompress(path.read_bytes()))
    content[-1] = 0  # was a nine
    path.write_bytes(gzip.compress(content))
    with pytest.raises(ValueError, match=r"the train files .* are not those of fashion_mnist: .*\[9, 8, 8, .*, 7\]"):
        load_fashion_mnist(small_fashion, division, download=False)
