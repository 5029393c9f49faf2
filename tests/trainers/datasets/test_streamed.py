"""Images that stay in their files."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from trainers.datasets.image_file import read_square
from trainers.datasets.streamed import BATCHES_AHEAD, StreamedImages


@pytest.fixture
def images(tmp_path: Path, write_images: Callable[..., None]) -> StreamedImages:
    write_images(tmp_path, count=10)
    files = [f"{name}/{number}.png" for name in ("cat", "dog") for number in range(10)]
    return StreamedImages(tmp_path, files, torch.arange(20) // 10, image_size=8)


def test_batches_come_in_order_with_their_labels_whatever_the_threads(images: StreamedImages) -> None:
    order = torch.randperm(20, generator=torch.Generator().manual_seed(0))
    torch.set_num_threads(4)
    found = list(images.batches(torch.split(order, 3)))
    assert [len(labels_B) for _, labels_B in found] == [3, 3, 3, 3, 3, 3, 2]
    for indices_B, (images_BCHW, labels_B) in zip(torch.split(order, 3), found, strict=True):
        expected = torch.stack([read_square(images.root / images.files[index], 8) for index in indices_B])
        assert torch.equal(images_BCHW, expected / 255)
        assert torch.equal(labels_B, images.labels[indices_B])


def test_images_read_into_memory_are_the_streamed_ones(images: StreamedImages) -> None:
    [(streamed, labels_N)] = images.batches([torch.arange(20)])
    [(kept, kept_labels_N)] = images.in_memory().batches([torch.arange(20)])
    assert torch.equal(streamed, kept)
    assert torch.equal(labels_N, kept_labels_N)


def test_only_a_few_batches_are_decoded_ahead(images: StreamedImages) -> None:
    asked: list[int] = []

    def indices() -> Iterator[torch.Tensor]:
        for index in range(20):
            asked.append(index)
            yield torch.tensor([index])

    batches = images.batches(indices())
    next(batches)
    assert len(asked) == 1 + BATCHES_AHEAD


def test_no_thread_outlives_an_epoch_that_is_cut_short(images: StreamedImages) -> None:
    before = set(threading.enumerate())
    batches = images.batches(torch.arange(20).split(2))
    next(batches)
    batches.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode") and thread not in before]


def test_a_damaged_file_is_named_when_its_batch_comes(images: StreamedImages) -> None:
    (images.root / "dog" / "3.png").write_bytes(b"\x89PNG\r\n")
    batches = images.batches(torch.arange(20).split(10))
    next(batches)
    with pytest.raises(ValueError, match=r"image .*dog/3\.png cannot be read"):
        next(batches)


def test_the_digest_depends_on_names_sizes_labels_and_order_but_not_on_the_place(images: StreamedImages) -> None:
    digest = images.digest()
    moved = images.root.rename(images.root.with_name("elsewhere"))
    images = replace(images, root=moved)
    assert images.digest() == digest
    assert images.subset(torch.arange(19)).digest() != digest
    assert images.subset(torch.arange(20).flip(0)).digest() != digest
    assert images.with_labels(1 - images.labels).digest() != digest
    with (moved / "cat" / "0.png").open("ab") as file:
        file.write(b"x")
    assert images.digest() != digest


def test_a_vanished_file_is_named_by_the_digest(images: StreamedImages) -> None:
    (images.root / "cat" / "7.png").unlink()
    with pytest.raises(ValueError, match=r"image .*cat/7\.png cannot be read"):
        images.digest()
