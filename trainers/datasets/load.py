"""Loads a dataset's splits by name."""

from pathlib import Path

from trainers.datasets.digits import load_digits_splits
from trainers.datasets.fashion_mnist import load_fashion_mnist
from trainers.datasets.splits import Splits
from trainers.datasets.stratified import Division

NAMES = ("digits", "fashion_mnist", "cifar10", "cifar100", "imagenet", "image_folder")


def load_splits(
    name: str,
    *,
    root: str | None,
    download: bool,
    image_size: int,
    classes: int,
    val_fraction: float,
    train_fraction: float,
    split_seed: int,
) -> Splits:
    """The splits of the named dataset on the CPU, the same ones for the same arguments.

    `root` is the folder of the files; digits has none. `download` fetches missing ones of fashion_mnist and CIFAR.
    `image_size` in pixels and `classes` are what imagenet and image_folder are to have; the others have their own.
    Raises ValueError for a name that has no loader, for files that are missing or damaged, saying which go where, and
    for fractions that leave a split without some class.
    """
    division = Division(val_fraction, train_fraction, split_seed)
    if name == "digits":
        return load_digits_splits(division)
    if name not in NAMES:
        raise ValueError(f"dataset {name!r} cannot be loaded by this runner; accepted: {', '.join(NAMES)}")
    if root is None:
        raise ValueError(f"dataset {name!r} has no root; accepted: the folder of its files")
    if name == "fashion_mnist":
        return load_fashion_mnist(Path(root), division, download=download)
    if name in ("cifar10", "cifar100"):
        return _load_cifar(name, Path(root), division, download=download)
    return _load_folders(name, Path(root), division, image_size=image_size, classes=classes)


# Importing torchvision takes seconds, which the other datasets are spared.


def _load_cifar(name: str, root: Path, division: Division, *, download: bool) -> Splits:
    from trainers.datasets.cifar import load_cifar10, load_cifar100  # noqa: PLC0415

    return (load_cifar10 if name == "cifar10" else load_cifar100)(root, division, download=download)


def _load_folders(name: str, root: Path, division: Division, *, image_size: int, classes: int) -> Splits:
    from trainers.datasets.image_folder import load_image_folder, load_imagenet  # noqa: PLC0415

    if name == "imagenet":
        return load_imagenet(root, division, image_size=image_size)
    return load_image_folder(root, division, image_size=image_size, classes=classes)
