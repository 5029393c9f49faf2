"""The three splits of a dataset as a trial sees them."""

import hashlib
from dataclasses import dataclass

import torch

from trainers.datasets.labelled import LabelledImages


@dataclass(frozen=True)
class Splits:
    """Disjoint train, validation and test images; each split holds every one of the `classes`.

    Raises ValueError for a single class, and, naming split and classes, if a split lacks one.
    """

    train: LabelledImages
    val: LabelledImages
    test: LabelledImages
    classes: int

    def __post_init__(self) -> None:
        if self.classes < 2:
            raise ValueError(
                f"the images are of {self.classes} class; accepted: at least 2, for one cannot be told apart"
            )
        for name, split in self._by_name().items():
            absent = sorted(set(range(self.classes)) - set(split.labels.tolist()))
            if absent:
                raise ValueError(
                    f"the {name} split has no image of the classes {absent} of 0 … {self.classes - 1}: it holds "
                    f"{len(split)} images; accepted: a val_fraction and train_fraction that leave one of each class"
                )

    @property
    def channels(self) -> int:
        return self.train.channels

    @property
    def image_size(self) -> int:
        """Pixels per side."""
        return self.train.image_size

    def to(self, device: torch.device) -> "Splits":
        """The same splits for another device."""
        return Splits(self.train.to(device), self.val.to(device), self.test.to(device), self.classes)

    def fingerprint(self) -> str:
        """SHA-256 over the digests of the splits: equal only for the same images and labels in the same splits."""
        parts = [f"{name} {split.digest()}" for name, split in self._by_name().items()]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def _by_name(self) -> dict[str, LabelledImages]:
        return {"train": self.train, "validation": self.val, "test": self.test}
