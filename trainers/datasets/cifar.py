"""CIFAR-10 and CIFAR-100 (Krizhevsky 2009): 60 000 photographs of 32×32 pixels.

The files are Python pickles, which may run code when they are read: torchvision compares their checksums first.
"""

from pathlib import Path

import torch
from torchvision.datasets import CIFAR10, CIFAR100
from torchvision.datasets.utils import check_integrity

from trainers.datasets.downloads import read_or_download
from trainers.datasets.labelled import InMemoryImages
from trainers.datasets.make_splits import split_published
from trainers.datasets.splits import Splits
from trainers.datasets.stratified import Division

Source = type[CIFAR10]


def load_cifar10(root: Path, division: Division, *, download: bool) -> Splits:
    """The images as bytes on the CPU. Raises ValueError saying which file is missing or damaged."""
    return _load("cifar10", CIFAR10, 10, root, division, download=download)


def load_cifar100(root: Path, division: Division, *, download: bool) -> Splits:
    """The images as bytes on the CPU, with the 100 fine classes. Raises as `load_cifar10` does."""
    return _load("cifar100", CIFAR100, 100, root, division, download=download)


def _load(name: str, source: Source, classes: int, root: Path, division: Division, *, download: bool) -> Splits:
    def read() -> tuple[InMemoryImages, InMemoryImages]:
        _check_files(name, source, root)
        return _in_memory(source(root, train=True)), _in_memory(source(root, train=False))

    training, test = read_or_download(name, root, read, lambda: source(root, download=True), download=download)
    return split_published(training, test, classes, division)


def _check_files(name: str, source: Source, root: Path) -> None:
    folder = root / source.base_folder
    files = [*source.train_list, *source.test_list, (source.meta["filename"], source.meta["md5"])]
    bad = [file for file, md5 in files if not check_integrity(folder / file, md5)]
    if bad:
        raise ValueError(
            f"{folder} has no {', '.join(bad)} of {name}, or not as published; accepted: a root with the folder "
            f"{source.base_folder}, which holds {', '.join(file for file, _ in files)} out of {source.filename}; or "
            "download: true"
        )


def _in_memory(dataset: CIFAR10) -> InMemoryImages:
    images_NHWC = torch.from_numpy(dataset.data)
    return InMemoryImages(images_NHWC.permute(0, 3, 1, 2).contiguous(), torch.tensor(dataset.targets))
