"""Fashion-MNIST (arXiv:1708.07747): 70 000 grey articles of clothing, 28×28, ten classes of equal size."""

from pathlib import Path

import torch

from trainers.datasets.downloads import read_or_download
from trainers.datasets.idx import read_idx
from trainers.datasets.labelled import InMemoryImages
from trainers.datasets.make_splits import split_published
from trainers.datasets.splits import Splits
from trainers.datasets.stratified import Division

CLASSES = 10
PUBLISHED_PER_CLASS = {"train": 6000, "t10k": 1000}
"""Images of each class. MNIST has files of the same names and shapes, but its classes differ in size."""
BELOW_ROOT = Path("FashionMNIST/raw")
"""Where torchvision puts the files."""
LAYOUT = (
    "a folder with train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz and "
    f"t10k-labels-idx1-ubyte.gz, packed or not, directly or in {BELOW_ROOT}; or download: true"
)


def load_fashion_mnist(root: Path, division: Division, *, download: bool) -> Splits:
    """The images as bytes on the CPU. Raises ValueError saying which file is missing or damaged."""
    training, test = read_or_download(
        "fashion_mnist",
        root,
        read=lambda: (_read_part(root, "train"), _read_part(root, "t10k")),
        fetch=lambda: _fetch(root),
        download=download,
    )
    return split_published(training, test, CLASSES, division)


def _fetch(root: Path) -> None:
    from torchvision.datasets import FashionMNIST  # noqa: PLC0415 (takes seconds)

    FashionMNIST(root, download=True)


def _read_part(root: Path, part: str) -> InMemoryImages:
    images_NHW = torch.tensor(read_idx(_find(root, f"{part}-images-idx3-ubyte")))
    labels_N = torch.tensor(read_idx(_find(root, f"{part}-labels-idx1-ubyte"))).long()
    counts = labels_N.bincount(minlength=CLASSES).tolist()
    if images_NHW.shape != (len(labels_N), 28, 28) or set(counts) != {PUBLISHED_PER_CLASS[part]}:
        raise ValueError(
            f"the {part} files in {root} are not those of fashion_mnist: images of shape {tuple(images_NHW.shape)}, "
            f"{counts} of each class; accepted: {PUBLISHED_PER_CLASS[part]} of each of {CLASSES} classes, 28 × 28"
        )
    return InMemoryImages(images_NHW[:, None], labels_N)


def _find(root: Path, name: str) -> Path:
    # Packed first: it has a checksum, and what an interrupted download leaves unpacked has not.
    for path in (root / f"{name}.gz", root / name, root / BELOW_ROOT / f"{name}.gz", root / BELOW_ROOT / name):
        if path.is_file():
            return path
    raise ValueError(f"root {root} has no {name}.gz of fashion_mnist; accepted: {LAYOUT}")
