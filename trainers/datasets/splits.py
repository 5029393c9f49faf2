"""The three splits of a dataset as a trial sees them: whole tensors on one device."""

# N images, C channels, H height, W width

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class LabelledImages:
    """Square images with their classes."""

    images: Tensor
    """N × C × H × W, float32 in [0, 1]."""
    labels: Tensor
    """N, int64."""

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> "LabelledImages":
        """The same images on another device."""
        return LabelledImages(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True)
class Splits:
    """Disjoint train, validation and test images; each split holds every one of the `classes`.

    Raises ValueError, naming split and classes, if a split lacks one.
    """

    train: LabelledImages
    val: LabelledImages
    test: LabelledImages
    classes: int

    def __post_init__(self) -> None:
        for name, split in self._by_name().items():
            absent = sorted(set(range(self.classes)) - set(split.labels.tolist()))
            if absent:
                raise ValueError(
                    f"the {name} split has no image of the classes {absent} of 0 … {self.classes - 1}: it holds "
                    f"{len(split)} images; accepted: a val_fraction and train_fraction that leave one of each class"
                )

    @property
    def channels(self) -> int:
        return self.train.images.shape[1]

    @property
    def image_size(self) -> int:
        """Pixels per side."""
        return self.train.images.shape[2]

    def to(self, device: torch.device) -> "Splits":
        """The same splits on another device."""
        return Splits(self.train.to(device), self.val.to(device), self.test.to(device), self.classes)

    def fingerprint(self) -> str:
        """SHA-256 over every image and label in order: equal only for the same images in the same splits."""
        digest = hashlib.sha256()
        for name, split in self._by_name().items():
            digest.update(f"{name} {tuple(split.images.shape)}".encode())
            digest.update(split.images.cpu().numpy().tobytes())
            digest.update(split.labels.cpu().numpy().tobytes())
        return digest.hexdigest()

    def _by_name(self) -> dict[str, LabelledImages]:
        return {"train": self.train, "validation": self.val, "test": self.test}
