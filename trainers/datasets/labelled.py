"""Labelled images as training and evaluation see them: in batches, wherever they lie."""

# N images, B images of a batch, C channels, H height, W width

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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

    def digest(self) -> str:
        """SHA-256 over every image and label in order: equal only for the same images."""


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
            yield _as_floats(self.images[indices_B]), self.labels[indices_B]

    def to(self, device: torch.device) -> "InMemoryImages":
        return InMemoryImages(self.images.to(device), self.labels.to(device))

    def digest(self) -> str:
        digest = hashlib.sha256(f"{self.images.dtype} {tuple(self.images.shape)}".encode())
        digest.update(self.images.cpu().numpy().tobytes())
        digest.update(self.labels.cpu().numpy().tobytes())
        return digest.hexdigest()


def _as_floats(images_BCHW: Tensor) -> Tensor:
    return images_BCHW / WHITE if images_BCHW.dtype == torch.uint8 else images_BCHW
