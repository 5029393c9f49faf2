"""A clock for trials on machines that are never quiet: what passes through the encoder is all that takes time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn
from torch.nn.modules.module import register_module_forward_hook

from trainers.models.tiny_resnet import TinyResNet


class EncoderClock:
    """Each image that passes through the encoder takes a thousandth of a second."""

    def __init__(self) -> None:
        self._images = 0

    def __call__(self) -> float:
        return self._images / 1000

    def count(self, module: nn.Module, inputs: tuple[Any, ...], _output: object) -> None:
        """A module has worked."""
        if isinstance(module, TinyResNet):
            self._images += len(inputs[0])


@contextmanager
def encoder_clock() -> Iterator[EncoderClock]:
    """A clock that runs while this lasts."""
    clock = EncoderClock()
    hook = register_module_forward_hook(clock.count)
    yield clock
    hook.remove()
