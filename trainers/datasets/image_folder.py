"""Images in one folder per class: ImageNet as torchvision unpacks it, and whatever anyone puts into such folders."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torchvision.datasets import ImageFolder

from trainers.datasets.labelled import LabelledImages
from trainers.datasets.make_splits import split_published, split_whole
from trainers.datasets.splits import Splits
from trainers.datasets.stratified import Division
from trainers.datasets.streamed import StreamedImages

IMAGENET_CLASSES = 1000
MOST_BYTES_IN_MEMORY = 2 * 2**30
"""Of all splits decoded to bytes; more is streamed. It leaves room for several trials on one GPU."""
HELD_OUT_SHARE = 5
"""One in this many images of each class is the test where no folder says so, as for the digits."""
LEAST_PER_CLASS = 5
"""One for test, one for validation and two for training, whatever way fifths are rounded."""


def load_imagenet(root: Path, division: Division, *, image_size: int) -> Splits:
    """ILSVRC2012 from root/train and root/val, the published validation images being the test. Raises ValueError."""
    layout = "root/train/n01440764/….JPEG and root/val/n01440764/….JPEG, one folder for each of 1000 classes"
    for part in ("train", "val"):
        if not (root / part).is_dir():
            raise ValueError(f"root {root} has no folder {part} of imagenet; accepted: {layout}")
    return _load_published(root / "train", root / "val", IMAGENET_CLASSES, image_size, division)


def load_image_folder(root: Path, division: Division, *, image_size: int, classes: int) -> Splits:
    """The images of `classes` folders. Raises ValueError saying what is missing and what goes where.

    With root/train, the test is root/test or else root/val, and validation comes out of root/train. Without it, the
    class folders lie in the root, and a fifth of each is held out as test.
    """
    if not (root / "train").is_dir():
        return _load_whole(root, classes, image_size, division)
    tests = [root / name for name in ("test", "val") if (root / name).is_dir()]
    if not tests:
        raise ValueError(f"root {root} has a folder train but none for the test; accepted: test or val beside it")
    return _load_published(root / "train", tests[0], classes, image_size, division)


@dataclass(frozen=True)
class _Folder:
    images: StreamedImages
    class_names: list[str]


def _load_published(train: Path, test: Path, classes: int, image_size: int, division: Division) -> Splits:
    training, published = _read_folder(train, classes, image_size), _read_folder(test, classes, image_size)
    if training.class_names != published.class_names:
        odd = sorted(set(training.class_names) ^ set(published.class_names))
        raise ValueError(f"{train} and {test} differ in the class folders {', '.join(odd)}; accepted: the same in both")
    _check_room(training, train)
    return _placed(split_published(training.images, published.images, classes, division))


def _load_whole(root: Path, classes: int, image_size: int, division: Division) -> Splits:
    folder = _read_folder(root, classes, image_size)
    _check_room(folder, root)
    return _placed(split_whole(folder.images, len(folder.images) // HELD_OUT_SHARE, classes, division))


def _read_folder(folder: Path, classes: int, image_size: int) -> _Folder:
    """Finds the files; opens none."""
    try:
        found = ImageFolder(folder)
    except OSError as error:
        raise ValueError(
            f"{folder} holds no images: {error} Accepted: a folder for each class with its images, such as "
            f"{folder}/cat/1.jpg, or these in train and test (or val) below the root"
        ) from error
    if len(found.classes) != classes:
        raise ValueError(
            f"{folder} has {len(found.classes)} class folders ({_first(found.classes)}); accepted: {classes}, as the "
            "field classes says"
        )
    files = [str(Path(file).relative_to(folder)) for file, _ in found.samples]
    return _Folder(StreamedImages(folder, files, torch.tensor(found.targets), image_size), found.classes)


def _check_room(folder: _Folder, path: Path) -> None:
    counts = folder.images.labels.bincount(minlength=len(folder.class_names)).tolist()
    small = [
        f"{name}: {count}" for name, count in zip(folder.class_names, counts, strict=True) if count < LEAST_PER_CLASS
    ]
    if small:
        raise ValueError(
            f"{path} has classes with too few images to split ({_first(small)}); accepted: at least {LEAST_PER_CLASS}"
        )


def _placed(splits: Splits) -> Splits:
    """The splits read into memory where they fit, in their files where they do not."""
    parts = (splits.train, splits.val, splits.test)
    if sum(map(_decoded_bytes, parts)) > MOST_BYTES_IN_MEMORY:
        return splits
    train, val, test = map(_in_memory, parts)
    return Splits(train, val, test, splits.classes)


def _decoded_bytes(images: LabelledImages) -> int:
    return len(images) * images.channels * images.image_size**2


def _in_memory(images: LabelledImages) -> LabelledImages:
    assert isinstance(images, StreamedImages), "what _read_folder makes"
    return images.in_memory()


def _first(names: list[str]) -> str:
    return ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
