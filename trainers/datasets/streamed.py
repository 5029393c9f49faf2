"""Labelled images that stay in their files: threads decode the next batches while the device works on this one.

Threads, not processes: decoding leaves the interpreter's lock most of the time, a trial has few cores, and nothing is
to be started anew for every epoch. See docs/datasets.md for the measurement.
"""

# N images, B images of a batch, C channels, H height, W width

import hashlib
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from trainers.datasets.image_file import read_square
from trainers.datasets.labelled import InMemoryImages, as_floats

BATCHES_AHEAD = 2
"""Decoded while the current one is used: one that is ready, and one to even out large files."""
FILES_AT_ONCE = 256
"""Per batch when all files are read into memory."""


@dataclass(frozen=True)
class StreamedImages:
    """Images of three channels in files below a folder. Decoded by as many threads as PyTorch may use."""

    root: Path
    files: Sequence[str]
    """N paths relative to `root`, so that the digest is the same wherever the folder lies."""
    labels: Tensor
    """N, int64; their device is the one that trains."""
    image_size: int

    @property
    def channels(self) -> int:
        return 3

    def __len__(self) -> int:
        return len(self.labels)

    def batches(self, batches: Iterable[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        """As `LabelledImages.batches`. Raises ValueError naming a file that is missing or damaged."""
        device = self.labels.device
        for indices_B, bytes_BCHW in self._decoded(batches):
            yield as_floats(bytes_BCHW.to(device, non_blocking=True)), self.labels[indices_B.to(device)]

    def to(self, device: torch.device) -> "StreamedImages":
        return replace(self, labels=self.labels.to(device))

    def subset(self, indices_M: Tensor) -> "StreamedImages":
        files = [self.files[index] for index in indices_M.tolist()]
        return replace(self, files=files, labels=self.labels[indices_M])

    def with_labels(self, labels_N: Tensor) -> "StreamedImages":
        return replace(self, labels=labels_N)

    def digest(self) -> str:
        digest = hashlib.sha256(f"files {self.image_size}\n".encode())
        for file, label in zip(self.files, self.labels.tolist(), strict=True):
            digest.update(f"{file!r} {_file_size(self.root / file)} {label}\n".encode())
        return digest.hexdigest()

    def in_memory(self) -> InMemoryImages:
        """The same images, all read now. Raises ValueError naming a file that is missing or damaged."""
        batches = torch.split(torch.arange(len(self)), FILES_AT_ONCE)
        return InMemoryImages(torch.cat([bytes_BCHW for _, bytes_BCHW in self._decoded(batches)]), self.labels)

    def _decoded(self, batches: Iterable[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
        """Each batch of indices with its images as bytes; the next batches are decoded meanwhile."""
        pending: deque[_Decoding] = deque()
        pool = ThreadPoolExecutor(torch.get_num_threads(), "decode")
        try:
            for indices_B in batches:
                pending.append(self._start(pool, indices_B))
                if len(pending) > BATCHES_AHEAD:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def _start(self, pool: ThreadPoolExecutor, indices_B: Tensor) -> "_Decoding":
        size = self.image_size
        # Pinned, so that the copy to the GPU runs beside its work.
        images_BCHW = torch.empty(
            len(indices_B), 3, size, size, dtype=torch.uint8, pin_memory=self.labels.device.type == "cuda"
        )
        paths = [self.root / self.files[index] for index in indices_B.tolist()]
        reads = [pool.submit(_read_into, images_BCHW[row], path) for row, path in enumerate(paths)]
        return _Decoding(indices_B, images_BCHW, reads)


class _Decoding:
    """A batch that threads are filling."""

    def __init__(self, indices_B: Tensor, images_BCHW: Tensor, reads: list[Future[None]]) -> None:
        self._batch = indices_B, images_BCHW
        self._reads = reads

    def result(self) -> tuple[Tensor, Tensor]:
        for read in self._reads:
            read.result()
        return self._batch


def _read_into(row_CHW: Tensor, path: Path) -> None:
    row_CHW.copy_(read_square(path, row_CHW.shape[-1]))


def _file_size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise ValueError(f"image {path} cannot be read: {error}; accepted: a file that stays where it is") from error
