"""Folders of images, one per class."""

from collections.abc import Callable
from pathlib import Path

import pytest

from trainers.datasets import image_folder
from trainers.datasets.image_folder import load_image_folder, load_imagenet
from trainers.datasets.splits import Splits
from trainers.datasets.stratified import Division
from trainers.datasets.streamed import StreamedImages

Write = Callable[..., None]


def load(root: Path, division: Division, classes: int = 2) -> Splits:
    return load_image_folder(root, division, image_size=8, classes=classes)


def sizes(splits: Splits) -> tuple[int, int, int]:
    return len(splits.train), len(splits.val), len(splits.test)


@pytest.mark.parametrize("test", ["test", "val"])
def test_the_folder_beside_train_is_the_test(
    tmp_path: Path, write_images: Write, division: Division, test: str
) -> None:
    write_images(tmp_path / "train", suffix="jpg")
    write_images(tmp_path / test, count=3)
    splits = load(tmp_path, division)
    assert sizes(splits) == (12, 4, 6)
    assert (splits.channels, splits.image_size, splits.classes) == (3, 8, 2)


def test_test_wins_over_val(tmp_path: Path, write_images: Write, division: Division) -> None:
    for name, count in (("train", 8), ("test", 2), ("val", 3)):
        write_images(tmp_path / name, count=count)
    assert len(load(tmp_path, division).test) == 4


def test_a_fifth_of_each_class_is_the_test_where_no_folder_says_so(
    tmp_path: Path, write_images: Write, division: Division
) -> None:
    write_images(tmp_path, count=10)
    splits, other = load(tmp_path, division), load(tmp_path, Division(0.3, 1.0, split_seed=1))
    assert sizes(splits) == (12, 4, 4)
    assert splits.test.labels.bincount().tolist() == [2, 2]
    assert splits.test.digest() == other.test.digest()


def test_imagenet_is_a_folder_whose_val_is_the_test(
    tmp_path: Path, write_images: Write, division: Division, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_folder, "IMAGENET_CLASSES", 2)
    write_images(tmp_path / "train", ("n01440764", "n01443537"))
    write_images(tmp_path / "val", ("n01440764", "n01443537"), count=3)
    assert sizes(load_imagenet(tmp_path, division, image_size=8)) == (12, 4, 6)


def test_more_than_fits_stays_in_its_files_and_equals_what_memory_holds(
    tmp_path: Path, write_images: Write, division: Division, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_images(tmp_path)
    kept = load(tmp_path, division)
    monkeypatch.setattr(image_folder, "MOST_BYTES_IN_MEMORY", 16 * 3 * 8 * 8 - 1)
    streamed = load(tmp_path, division)
    assert isinstance(streamed.train, StreamedImages)
    assert streamed.train.in_memory().digest() == kept.train.digest()


@pytest.mark.parametrize("classes", [1, 3])
def test_another_number_of_classes_is_refused_with_the_folders(
    tmp_path: Path, write_images: Write, division: Division, classes: int
) -> None:
    write_images(tmp_path)
    with pytest.raises(ValueError, match=rf"has 2 class folders \(cat, dog\); accepted: {classes}"):
        load(tmp_path, division, classes)


def test_a_single_class_is_refused(tmp_path: Path, write_images: Write, division: Division) -> None:
    write_images(tmp_path, ("cat",))
    with pytest.raises(ValueError, match=r"1 class; accepted: at least 2"):
        load(tmp_path, division, classes=1)


def test_a_class_that_is_missing_from_the_test_is_named(
    tmp_path: Path, write_images: Write, division: Division
) -> None:
    write_images(tmp_path / "train")
    write_images(tmp_path / "test", ("cat", "cow"))
    with pytest.raises(ValueError, match=r"differ in the class folders cow, dog"):
        load(tmp_path, division)


def test_a_class_with_too_few_images_is_named(tmp_path: Path, write_images: Write, division: Division) -> None:
    write_images(tmp_path, ("cat", "dog"))
    write_images(tmp_path, ("owl",), count=2)
    with pytest.raises(ValueError, match=r"too few images to split \(owl: 2\); accepted: at least 5"):
        load(tmp_path, division, classes=3)


def test_an_empty_class_folder_is_named(tmp_path: Path, write_images: Write, division: Division) -> None:
    write_images(tmp_path)
    (tmp_path / "owl").mkdir()
    with pytest.raises(ValueError, match="no valid file for the classes owl"):
        load(tmp_path, division, classes=3)


def test_a_train_folder_alone_is_refused(tmp_path: Path, write_images: Write, division: Division) -> None:
    write_images(tmp_path / "train")
    with pytest.raises(ValueError, match="accepted: test or val beside it"):
        load(tmp_path, division)


def test_a_damaged_image_is_named_when_all_are_read(tmp_path: Path, write_images: Write, division: Division) -> None:
    write_images(tmp_path)
    (tmp_path / "dog" / "3.png").write_bytes(b"")
    with pytest.raises(ValueError, match=r"dog/3\.png cannot be read"):
        load(tmp_path, division)
