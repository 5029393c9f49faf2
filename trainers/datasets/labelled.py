"""Labelled images as training and evaluation see them: in batches, wherever they lie."""

# N images, B images of a batch, C channels, H height, W width

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor

WHITE = 255


class LabelledImages(Protocol):
    """Square images with their classes."""

    @property
    def labels(self) -> Tensor:
        """N, int64, on the device that trains."""

    @property
    def channels(self) -> int:
        """1 or 3."""

    @property
    def image_size(self) -> int:
        """Pixels per side."""

    def __len__(self) -> int: ...

    def batches(self, batches: Iterable[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        """For each tensor of indices its images_BCHW, float32 in [0, 1], and labels_B, on the device that trains."""

    def to(self, device: torch.device) -> "LabelledImages":
        """The same images for another device."""

    def subset(self, indices_M: Tensor) -> "LabelledImages":
        """The images at these places (M int64 on the CPU), in this order."""

    def with_labels(self, labels_N: Tensor) -> "LabelledImages":
        """The same images with other labels."""

    def digest(self) -> str:
        """SHA-256 over the images and their labels in order: equal only for the same ones.

        What stands for an image is its pixels in memory, but name and size of its file where it is streamed.
        """


@dataclass(frozen=True)
class InMemoryImages:
    """Images that lie on the device as one tensor."""

    images: Tensor
    """N × C × H × W: float32 in [0, 1], or bytes, which take a quarter of the room."""
    labels: Tensor
    """N, int64."""

    @property
    def channels(self) -> int:
        return self.images.shape[1]

    @property
    def image_size(self) -> int:
        return self.images.shape[2]

    def __len__(self) -> int:
        return len(self.labels)

    def batches(self, batches: Iterable[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        for indices in batches:
            indices_B = indices.to(self.labels.device)
            yield as_floats(self.images[indices_B]), self.labels[indices_B]

    def to(self, device: torch.device) -> "InMemoryImages":
        return InMemoryImages(self.images.to(device), self.labels.to(device))

    def subset(self, indices_M: Tensor) -> "InMemoryImages":
        return InMemoryImages(self.images[indices_M], self.labels[indices_M])

    def with_labels(self, labels_N: Tensor) -> "InMemoryImages":
        return replace(self, labels=labels_N)

    def digest(self) -> str:
        digest = hashlib.sha256(f"{self.images.dtype} {tuple(self.images.shape)}".encode())
        digest.update(self.images.cpu().numpy().tobytes())
        digest.update(self.labels.cpu().numpy().tobytes())
        return digest.hexdigest()


def as_floats(images_BCHW: Tensor) -> Tensor:
    """Bytes as float32 in [0, 1]; floats as they are."""
    return images_BCHW / WHITE if images_BCHW.dtype == torch.uint8 else images_BCHW
