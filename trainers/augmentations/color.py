"""Changes of colour, of floats in [0, 1] to floats in [0, 1]; one-channel images have none and stay as they are."""

# N images, C channels (1 or 3), H height, W width

import torch
from torch import Tensor

from trainers.augmentations.intensity import blend, greyscale


def adjust_saturation(images_NCHW: Tensor, factor_N: Tensor) -> Tensor:
    """0 is grey, 1 the same image."""
    if images_NCHW.shape[1] == 1:
        return images_NCHW
    return blend(greyscale(images_NCHW), images_NCHW, factor_N)


def adjust_hue(images_NCHW: Tensor, turns_N: Tensor) -> Tensor:
    """Turns the colours of each image around the circle of hues: 0 and 1 are the same image, 1/3 makes red green.

    The brightest channel and the distance to the darkest stay.
    """
    if images_NCHW.shape[1] == 1:
        return images_NCHW
    brightest_N1HW = images_NCHW.amax(dim=1, keepdim=True)
    range_N1HW = brightest_N1HW - images_NCHW.amin(dim=1, keepdim=True)
    sixths_N1HW = _hue_sixths(images_NCHW, brightest_N1HW, range_N1HW) + 6 * turns_N.view(-1, 1, 1, 1)
    # Counted from where a channel begins to fade, it is gone from 1 to 3 sixths and full again from 4 on.
    fading_N3HW = torch.cat([sixths_N1HW + 5, sixths_N1HW + 3, sixths_N1HW + 1], dim=1).remainder_(6)
    missing_N3HW = fading_N3HW.sub_(2).abs_().neg_().add_(2).clamp_(0, 1)
    return brightest_N1HW - missing_N3HW.mul_(range_N1HW)


def _hue_sixths(images_N3HW: Tensor, brightest_N1HW: Tensor, range_N1HW: Tensor) -> Tensor:
    """Sixths of the circle, where red is 0, green 2 and blue 4; grey counts as one of them."""
    red, green, blue = torch.split(images_N3HW, 1, dim=1)
    divisor_N1HW = range_N1HW.masked_fill(range_N1HW == 0, 1)
    from_blue = ((red - green) / divisor_N1HW).add_(4)
    from_green = ((blue - red) / divisor_N1HW).add_(2)
    from_red = (green - blue) / divisor_N1HW
    return torch.where(brightest_N1HW == red, from_red, torch.where(brightest_N1HW == green, from_green, from_blue))
