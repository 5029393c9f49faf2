"""Changes of brightness, pixel by pixel: floats in [0, 1] to floats in [0, 1], one strength per image."""

# N images, C channels (1 or 3), H height, W width, P pixels of a channel, L grey levels

import torch
from torch import Tensor

LUMINANCE = (0.2989, 0.587, 0.114)
"""Shares of red, green and blue in grey (ITU-R BT.601, as in torchvision)."""
WHITE = 255
"""The highest of the 256 grey levels of 8 bits."""


def adjust_brightness(images_NCHW: Tensor, factor_N: Tensor) -> Tensor:
    """0 is black, 1 the same image."""
    return (images_NCHW * factor_N.view(-1, 1, 1, 1)).clamp_(0, 1)


def adjust_contrast(images_NCHW: Tensor, factor_N: Tensor) -> Tensor:
    """0 is the image's mean grey everywhere, 1 the same image."""
    mean_N111 = greyscale(images_NCHW).mean(dim=(1, 2, 3), keepdim=True)
    return blend(mean_N111, images_NCHW, factor_N)


def posterize(images_NCHW: Tensor, bits_N: Tensor) -> Tensor:
    """Keeps the highest `bits` of the 8 bits of each value."""
    step_N111 = (2.0 ** (8 - bits_N)).view(-1, 1, 1, 1)
    return (images_NCHW * WHITE).round_().div_(step_N111).floor_().mul_(step_N111 / WHITE)


def solarize(images_NCHW: Tensor, threshold_N: Tensor) -> Tensor:
    """Inverts the values at or above the threshold."""
    is_bright_NCHW = (images_NCHW >= threshold_N.view(-1, 1, 1, 1)).to(images_NCHW.dtype)
    return (images_NCHW - is_bright_NCHW).abs_()


def invert(images_NCHW: Tensor) -> Tensor:
    """Black becomes white."""
    return 1 - images_NCHW


def autocontrast(images_NCHW: Tensor) -> Tensor:
    """Stretches each channel to the whole range; a constant channel stays as it is."""
    low_NC11, high_NC11 = images_NCHW.amin(dim=(2, 3), keepdim=True), images_NCHW.amax(dim=(2, 3), keepdim=True)
    is_constant_NC11 = low_NC11 == high_NC11
    low_NC11 = low_NC11.masked_fill(is_constant_NC11, 0)
    return (images_NCHW - low_NC11).div_((high_NC11 - low_NC11).masked_fill_(is_constant_NC11, 1))


def equalize(images_NCHW: Tensor) -> Tensor:
    """Gives each channel a flat histogram of 256 grey levels; a constant channel stays as it is.

    A value becomes the share of darker pixels among those darker than the brightest. This is PIL's rule without its
    integer division, which does nothing to images of fewer than 256 pixels.
    """
    levels_NCP = (images_NCHW.flatten(2) * WHITE).round_().long()
    counts_NCL = images_NCHW.new_zeros(*levels_NCP.shape[:2], WHITE + 1)
    counts_NCL.scatter_add_(2, levels_NCP, images_NCHW.new_ones(()).expand(levels_NCP.shape))
    darker_NCL = counts_NCL.cumsum(dim=2) - counts_NCL
    below_brightest_NC1 = darker_NCL.gather(2, levels_NCP.amax(dim=2, keepdim=True))
    equalized_NCP = (darker_NCL / below_brightest_NC1.clamp(min=1)).gather(2, levels_NCP)
    return torch.where(below_brightest_NC1 > 0, equalized_NCP, images_NCHW.flatten(2)).view_as(images_NCHW)


def blend(at_zero_NCHW: Tensor, at_one_NCHW: Tensor, factor_N: Tensor) -> Tensor:
    """The line through both images, at `factor` (beyond 1 too), cut to [0, 1]."""
    return torch.lerp(at_zero_NCHW, at_one_NCHW, factor_N.view(-1, 1, 1, 1)).clamp_(0, 1)


def greyscale(images_NCHW: Tensor) -> Tensor:
    """One channel: images_N1HW."""
    if images_NCHW.shape[1] == 1:
        return images_NCHW
    # Numbers instead of a tensor of weights, which a GPU would have to wait for.
    red, green, blue = torch.split(images_NCHW, 1, dim=1)
    return LUMINANCE[0] * red + LUMINANCE[1] * green + LUMINANCE[2] * blue
