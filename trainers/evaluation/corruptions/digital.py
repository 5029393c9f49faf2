"""Corruptions that a display or a file format makes."""

# N images, C channels, H height, W width (= H)

from io import BytesIO

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from trainers.evaluation.corruptions.separable import apply_to_both_sides, box_matrix

WHITE = 255


def contrast(images_NCHW: Tensor, factor: float) -> Tensor:
    """Draws each channel towards its mean: 0 is flat, 1 the same image."""
    means_NC11 = images_NCHW.mean(dim=(2, 3), keepdim=True)
    return torch.lerp(means_NC11, images_NCHW, factor)


def pixelate(images_NCHW: Tensor, share: float) -> Tensor:
    """Shows the image with this share of its pixels per side."""
    side = images_NCHW.shape[-1]
    fewer = int(side * share)
    return apply_to_both_sides(images_NCHW, box_matrix(fewer, side) @ box_matrix(side, fewer))


def jpeg_compression(images_NCHW: Tensor, quality: int) -> Tensor:
    """Stores and reads each image as a JPEG file of that quality, at most 100."""
    bytes_NHWC = (WHITE * images_NCHW).round().byte().permute(0, 2, 3, 1).cpu().numpy()
    decoded = torch.from_numpy(np.stack([_stored(bytes_HWC, quality) for bytes_HWC in bytes_NHWC]))
    return decoded.view(bytes_NHWC.shape).permute(0, 3, 1, 2).to(images_NCHW) / WHITE


def _stored(bytes_HWC: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    """As read back; grey images lose their last dimension."""
    file = BytesIO()
    picture = Image.fromarray(bytes_HWC[:, :, 0] if bytes_HWC.shape[2] == 1 else bytes_HWC)
    picture.save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))
