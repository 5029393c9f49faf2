"""Runs a frozen module over many images, a bounded batch at a time."""

# N images, C channels, H height, W width

import torch
from torch import Tensor, nn

BATCH_SIZE = 1024
"""Large enough to keep a device busy, small enough that activations without gradients fit."""


@torch.no_grad()
def outputs_of(module: nn.Module, images_NCHW: Tensor) -> Tensor:
    """The module's output for every image, without augmentation and with its running statistics.

    The module is left in the mode it was in.
    """
    was_training = module.training
    module.eval()
    try:
        return torch.cat([module(batch_BCHW) for batch_BCHW in torch.split(images_NCHW, BATCH_SIZE)])
    finally:
        module.train(was_training)
