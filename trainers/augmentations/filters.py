"""Changes of an image by its neighbourhoods: sharpness and blur, one strength per image."""

# N images, C channels, H height, W width, K kernel side, P places of the kernel

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from trainers.augmentations.intensity import blend

SMOOTHING = ((1.0, 1.0, 1.0), (1.0, 5.0, 1.0), (1.0, 1.0, 1.0))
"""PIL's kernel for sharpness, to be divided by its sum."""


def adjust_sharpness(images_NCHW: Tensor, factor_N: Tensor) -> Tensor:
    """0 is smoothed, 1 the same image, more is sharper. The outermost pixels stay as they are."""
    kernel_33 = images_NCHW.new_tensor(SMOOTHING)
    channels = images_NCHW.flatten(0, 1).unsqueeze(1)
    smooth_NCHW = images_NCHW.clone()
    inner = conv2d(channels, (kernel_33 / kernel_33.sum()).view(1, 1, 3, 3))
    smooth_NCHW[:, :, 1:-1, 1:-1] = inner.view(*images_NCHW.shape[:2], *inner.shape[2:])
    return blend(smooth_NCHW, images_NCHW, factor_N)


def gaussian_blur(images_NCHW: Tensor, sigma_N: Tensor, kernel_size: int) -> Tensor:
    """Blurs by a Gaussian of `sigma` > 0 pixels cut to an odd `kernel_size`; edges are mirrored."""
    radius = kernel_size // 2
    offsets_K = torch.arange(-radius, radius + 1, device=images_NCHW.device)
    kernel_NK = torch.softmax(-(offsets_K**2) / (2 * sigma_N[:, None] ** 2), dim=1)
    padded_NCHW = pad(images_NCHW, [radius] * 4, mode="reflect")
    blurred_NCHW = torch.einsum("nchwk,nk->nchw", padded_NCHW.unfold(3, kernel_size, 1), kernel_NK)
    return torch.einsum("nchwk,nk->nchw", blurred_NCHW.unfold(2, kernel_size, 1), kernel_NK).clamp(0, 1)
