"""Tiny files in the formats that data sets come in."""

import gzip
import hashlib
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from trainers.datasets import fashion_mnist
from trainers.datasets.stratified import Division

Pixels = NDArray[np.uint8]

FASHION_TRAIN, FASHION_TEST = 8, 2
"""Images per class in the small Fashion-MNIST."""


@pytest.fixture
def division() -> Division:
    return Division(val_fraction=0.25, train_fraction=1.0, split_seed=0)


def idx_bytes(array: Pixels) -> bytes:
    header = b"\0\0\x08" + bytes([array.ndim]) + b"".join(size.to_bytes(4) for size in array.shape)
    return header + array.tobytes()


@pytest.fixture
def small_fashion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with the four packed files; the first pixel of an image is its number."""
    counts = {"train": FASHION_TRAIN, "t10k": FASHION_TEST}
    monkeypatch.setattr(fashion_mnist, "PUBLISHED_PER_CLASS", counts)
    for part, count in counts.items():
        images = np.zeros((10 * count, 28, 28), np.uint8)
        images[:, 0, 0] = np.arange(10 * count)
        labels = np.arange(10 * count, dtype=np.uint8) % 10
        (tmp_path / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(images)))
        (tmp_path / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(labels)))
    return tmp_path


@pytest.fixture
def write_cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[type, str, int], Path]:
    """Writes a CIFAR of 8 training and 2 test images per class, whose checksums torchvision then wants."""

    def write_file(path: Path, content: object) -> tuple[str, str]:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(pickle.dumps(content))
        return path.name, hashlib.md5(path.read_bytes()).hexdigest()

    def write(source: type, label_key: str, classes: int) -> Path:
        folder = tmp_path / source.base_folder
        generator = np.random.default_rng(0)

        def batch(images: int) -> dict[str, object]:
            labels = [index % classes for index in range(images)]
            return {"data": generator.integers(0, 256, (images, 3072), np.uint8), label_key: labels}

        per_file = 8 * classes // len(source.train_list)
        train = [write_file(folder / name, batch(per_file)) for name, _ in source.train_list]
        test = [write_file(folder / name, batch(2 * classes)) for name, _ in source.test_list]
        names = {source.meta["key"]: [str(number) for number in range(classes)]}
        meta = write_file(folder / source.meta["filename"], names)
        monkeypatch.setattr(source, "train_list", train)
        monkeypatch.setattr(source, "test_list", test)
        monkeypatch.setattr(source, "meta", source.meta | {"md5": meta[1]})
        return tmp_path

    return write


@pytest.fixture
def write_images() -> Callable[..., None]:
    """Writes class folders with photographs of random pixels, 12 wide and 10 high."""

    def write(folder: Path, names: tuple[str, ...] = ("cat", "dog"), count: int = 8, suffix: str = "png") -> None:
        generator = np.random.default_rng(len(str(folder)))
        for name in names:
            (folder / name).mkdir(parents=True)
            for number in range(count):
                pixels = generator.integers(0, 256, (10, 12, 3), np.uint8)
                Image.fromarray(pixels).save(folder / name / f"{number}.{suffix}")

    return write
