"""Runs a frozen module over many images, a bounded batch at a time."""

# N images, B images of a batch, C channels, H height, W width

from collections.abc import Callable

import torch
from torch import Tensor, nn

from trainers.datasets.labelled import LabelledImages
from trainers.distributed import World

LARGEST_BATCH = 1024
"""Images at once of up to 32 pixels per side: enough to keep a device busy."""
PIXELS_PER_BATCH = LARGEST_BATCH * 32**2
"""Of larger images fewer, so that their activations fit where a training step did."""

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
    rows = [
        function(images_BCHW)
        for images_BCHW, _ in labelled.batches(torch.split(indices, _batch_size(labelled.image_size)))
    ]
    return world.gather(torch.cat(rows))


def _batch_size(image_size: int) -> int:
    return max(1, min(LARGEST_BATCH, PIXELS_PER_BATCH // image_size**2))
