"""Changes of an image by its neighbourhoods: sharpness and blur, one strength per image."""

# N images, C channels, H height, W width, K kernel side

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from trainers.augmentations.intensity import blend


def adjust_sharpness(images_NCHW: Tensor, factor_N: Tensor) -> Tensor:
    """0 is smoothed, 1 the same image, more is sharper. The outermost pixels stay as they are."""
    columns = images_NCHW[:, :, :-2] + images_NCHW[:, :, 1:-1] + images_NCHW[:, :, 2:]
    squares = columns[..., :-2] + columns[..., 1:-1] + columns[..., 2:]
    smooth_NCHW = images_NCHW.clone()
    # PIL's kernel for sharpness: 5 at the centre, 1 at its eight neighbours. Sums of slices are three times as fast as
    # a convolution.
    smooth_NCHW[:, :, 1:-1, 1:-1].mul_(4).add_(squares).div_(13)
    return blend(smooth_NCHW, images_NCHW, factor_N)


def gaussian_blur(images_NCHW: Tensor, sigma_N: Tensor, kernel_size: int) -> Tensor:
    """Blurs by a Gaussian of `sigma` > 0 pixels cut to an odd `kernel_size`; edges are mirrored."""
    count, channels, height, width = images_NCHW.shape
    radius = kernel_size // 2
    offsets_K = torch.arange(-radius, radius + 1, device=images_NCHW.device)
    kernel_NK = torch.softmax(-(offsets_K**2) / (2 * sigma_N[:, None] ** 2), dim=1)
    kernels = kernel_NK.repeat_interleave(channels, dim=0).view(count * channels, 1, 1, kernel_size)
    planes = pad(images_NCHW, [radius] * 4, mode="reflect").view(1, count * channels, height + 2 * radius, -1)
    for along_side in (kernels, kernels.transpose(2, 3)):
        planes = conv2d(planes, along_side, groups=count * channels)
    return planes.view(count, channels, height, width).clamp_(0, 1)
