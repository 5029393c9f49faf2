"""Which files a trial may open, and that it does not matter to it where they lay."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes.s3 import S3Server
from PIL import Image

from search_spaces.datasets import DatasetSpec
from trainers.build.dataset_files import bring_files
from trainers.build.splits import make_splits
from trainers.datasets import image_folder


def images_in(root: str) -> DatasetSpec:
    return DatasetSpec(name="image_folder", root=root, classes=2, image_size=8, val_fraction=0.25)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with eight images of each of two classes; the cache is another."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    generator = np.random.default_rng(0)
    for name in ("cat", "dog"):
        (tmp_path / "animals" / name).mkdir(parents=True)
        for number in range(8):
            pixels = generator.integers(0, 256, (10, 12, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "animals" / name / f"{number}.png")
    return tmp_path / "animals"


@pytest.fixture
def upload(s3: S3Server, folder: Path) -> Callable[[str], None]:
    """Puts the folder below a prefix."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.png")}
    return lambda prefix: s3.put({f"{prefix}/{name}": content for name, content in files.items()})


@pytest.mark.parametrize("bytes_in_memory", [2**30, 0])
def test_the_fingerprint_is_the_same_wherever_the_files_lie(
    s3: S3Server, folder: Path, upload: Any, monkeypatch: pytest.MonkeyPatch, bytes_in_memory: int
) -> None:
    monkeypatch.setattr(image_folder, "MOST_BYTES_IN_MEMORY", bytes_in_memory)
    upload("data/animals")
    here = bring_files(images_in(f"s3://{s3.bucket}/data/animals"), [s3.url("data")])
    assert make_splits(here).fingerprint() == make_splits(images_in(str(folder))).fingerprint()
    assert here.root is not None
    assert here.root.startswith(str(folder.parent / "cache" / "supsweep" / "datasets"))
    assert here.model_copy(update={"root": None}) == images_in("/x").model_copy(update={"root": None})


def test_an_allowed_folder_and_a_dataset_without_files_are_left_as_they_are(folder: Path) -> None:
    for dataset in (images_in(str(folder)), DatasetSpec(name="digits")):
        assert bring_files(dataset, ["s3://data", str(folder.parent)]) is dataset


@pytest.mark.parametrize("root", ["s3://data-evil/animals", "s3://data/animals-evil", "s3://data", "s3://other"])
def test_a_prefix_that_is_not_allowed_is_not_read(root: str) -> None:
    with pytest.raises(ValueError, match=r"dataset\.root cannot be .* accepted: prefixes in s3://data/animals$"):
        bring_files(images_in(root), ["/", "s3://data/animals"])
    with pytest.raises(ValueError, match="accepted: prefixes in none"):
        bring_files(images_in(root), ["/"])


def test_an_allowed_prefix_allows_no_folder() -> None:
    with pytest.raises(ValueError, match="accepted: folders in none"):
        bring_files(images_in("/data/animals"), ["s3://data/animals"])
