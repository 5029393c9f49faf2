"""Runs a frozen module over many images, a bounded batch at a time."""

# N images, B images of a batch, C channels, H height, W width

from collections.abc import Callable

import torch
from torch import Tensor, nn

from trainers.datasets.labelled import LabelledImages
from trainers.distributed import World

BATCH_SIZE = 1024
"""Large enough to keep a device busy, small enough that activations without gradients of small images fit."""

Frozen = Callable[[Tensor], Tensor]
"""From images_BCHW, as they are and not augmented, to one row of numbers each."""


def frozen(module: nn.Module) -> Frozen:
    """The module without gradients and with its running statistics. It is left in the mode it was in."""

    @torch.no_grad()
    def outputs(images_BCHW: Tensor) -> Tensor:
        was_training = module.training
        module.eval()
        try:
            result: Tensor = module(images_BCHW)
        finally:
            module.train(was_training)
        return result

    return outputs


def outputs_of(function: Frozen, labelled: LabelledImages, world: World) -> Tensor:
    """The function's row for every image, in their order. Each worker computes its share, and all get the whole."""
    share = world.slice_of(len(labelled))
    indices = torch.arange(share.start, share.stop)
    rows = [function(images_BCHW) for images_BCHW, _ in labelled.batches(torch.split(indices, BATCH_SIZE))]
    return world.gather(torch.cat(rows))
