"""Random numbers for the images of a batch: the same ones however many workers share the batch.

Every draw is made for the whole global batch and sliced, so that W workers see the views that one worker would see.
The loop makes one per step; augmentations and mixing take from it.
"""

import torch
from torch import Tensor


class Draws:
    """Draws for rows `start` … `stop` − 1 of a global batch of `of` rows; without them, for whatever count is asked.

    `generator` is on the CPU and the only source of randomness, so a seed gives the same numbers for any device.
    """

    def __init__(
        self, generator: torch.Generator, *, start: int = 0, stop: int | None = None, of: int | None = None
    ) -> None:
        self._generator = generator
        self._start = start
        self._stop = stop
        self._of = of

    @property
    def shared_generator(self) -> torch.Generator:
        """For what the global batch draws once; every worker must draw it alike."""
        return self._generator

    def per_view(self, views: int) -> "Draws":
        """Draws for the same images, each repeated `views` times in a row."""
        if self._of is None or self._stop is None:
            return self
        return Draws(self._generator, start=views * self._start, stop=views * self._stop, of=views * self._of)

    def uniform(self, low: float, high: float, count: int, *leading: int) -> Tensor:
        """Floats in [low, high), shape (*leading, count), on the CPU. `count` is the rows at hand."""
        drawn = torch.rand(*leading, self._rows(count), generator=self._generator)
        return low + (high - low) * self._sliced(drawn)

    def integers(self, below: int, count: int, *leading: int) -> Tensor:
        """Integers from 0 to below − 1, shape (*leading, count), on the CPU."""
        return self._sliced(torch.randint(below, (*leading, self._rows(count)), generator=self._generator))

    def normal(self, count: int, *trailing: int) -> Tensor:
        """Standard normal numbers, shape (count, *trailing), on the CPU."""
        return torch.randn(self._rows(count), *trailing, generator=self._generator)[self._start : self._stop]

    def _rows(self, count: int) -> int:
        """How many rows to draw for, so that every worker takes the same from the generator."""
        if self._of is None or self._stop is None:
            return count
        assert count == self._stop - self._start, (count, self._start, self._stop)
        return self._of

    def _sliced(self, drawn: Tensor) -> Tensor:
        return drawn[..., self._start : self._stop]
